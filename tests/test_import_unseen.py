"""Plans that nobody has seen: other places, other days, other orders of columns."""

import io
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import docx
import openpyxl
import pytest
from docx.document import Document

from knowledge.plans import appendix, importing, readers
from knowledge.plans.appendix import Draft
from knowledge.plans.model import Status

HERE = Path(__file__).parent / "documents"


def saved(document: Document | openpyxl.Workbook) -> bytes:
    buffer = io.BytesIO()
    document.save(buffer)
    return buffer.getvalue()


def parsed(data: bytes, name: str) -> Draft:
    return appendix.entries(readers.read(data, name), name)


def word(head: Sequence[str], rows: Sequence[Sequence[str]], appendix_title: str) -> bytes:
    document = docx.Document()
    for line in head:
        document.add_paragraph(line)
    document.add_paragraph(appendix_title)
    table = document.add_table(len(rows), len(rows[0]))
    for r, row in enumerate(rows):
        for c, text in enumerate(row):
            table.cell(r, c).text = text
    return saved(document)


HEAD = (
    "ỦY BAN NHÂN DÂN\nXÃ TÂN LẬP",
    "Số: 12/KH-UBND",
    "Tân Lập, ngày 02 tháng 6 năm 2025",
    "KẾ HOẠCH\nNgày thứ Bảy vì dân",
)


def test_a_text_with_its_columns_in_another_order_is_read() -> None:
    draft = importing.load(HERE / "hoa-loi.txt")
    assert draft.document.locality == "hoa-loi"
    assert (draft.document.number, draft.document.date) == ("57/KH-UBND", "2025-03-05")
    assert draft.document.issuer == "UBND phường Hòa Lợi"
    assert [
        (e.row, e.name, " ".join(e.weekdays), e.agency, e.fee, e.uncertain) for e in draft.entries
    ] == [
        ("1", "Cấp bản sao trích lục hộ tịch mẫu", "mon wed", "Bộ phận Tư pháp - Hộ tịch",
         "8.000 đồng/bản", ()),
        ("2", "Xác nhận nơi cư trú mẫu cho người tạm vắng", "fri", "Công an phường", "Không",
         ("weekdays",)),
        ("3", "Đăng ký nhận nuôi vật nuôi mẫu", "tue wed thu", "Bộ phận Kinh tế", "Theo quy định",
         ()),
        ("4", "Xin thuê chỗ bán hàng mẫu ở chợ", "", "Ban quản lý chợ", "50.000 đồng",
         ("weekdays",)),
    ]  # fmt: skip
    assert {e.appendix for e in draft.entries} == {"Phụ lục 3"}
    assert {e.starts for e in draft.entries} == {"2025-04-01"}


COLUMNS = (
    ("Tên thủ tục hành chính", "Đăng ký nuôi ong mẫu"),
    ("Lịch tiếp nhận trong tuần", "Thứ Bảy hàng tuần"),
    ("Phòng, ban giải quyết", "Bộ phận Kinh tế"),
    ("Lệ phí (đồng)", "Miễn phí"),
    ("Giấy tờ cần mang", "Đơn theo mẫu"),
    ("Thời hạn trả kết quả", "03 ngày làm việc"),
)


@pytest.mark.parametrize("order", [*permutations(range(6))][::48])
def test_word_columns_are_told_by_meaning_in_any_order(order: tuple[int, ...]) -> None:
    rows = [["STT", *(COLUMNS[c][0] for c in order)], ["1", *(COLUMNS[c][1] for c in order)]]
    draft = parsed(word(HEAD, rows, "PHỤ LỤC: Danh mục mẫu"), "xa.docx")
    (entry,) = draft.entries
    assert (entry.name, entry.weekdays) == ("Đăng ký nuôi ong mẫu", ("sat",))
    assert (entry.agency, entry.fee) == ("Bộ phận Kinh tế", "Miễn phí")
    assert (entry.papers, entry.duration) == ("Đơn theo mẫu", "03 ngày làm việc")
    assert (entry.appendix, entry.row, entry.uncertain) == ("Phụ lục", "1", ())
    assert draft.document.locality == "tan-lap"


@pytest.mark.parametrize(
    "titles",
    [
        ["STT", "TÊN THỦ TỤC HÀNH CHÍNH", "CƠ QUAN THỰC HIỆN", "NGÀY TIẾP NHẬN"],
        ["So TT", "Ten thu tuc", "Don vi chu tri", "Thoi gian thuc hien"],
        ["TT", "Danh mục TTHC", "Bộ phận phụ trách", "Các ngày trong tuần"],
        ["Stt", "Tên TTHC", "Cơ quan chủ trì thực hiện", "Ngày thực hiện"],
    ],
)
def test_headings_are_known_in_capitals_without_diacritics_and_by_synonyms(
    titles: list[str],
) -> None:
    rows = [titles, ["1", "Thủ tục mẫu một", "Phòng Tư pháp", "T3, T5"]]
    (entry,) = parsed(word(HEAD, rows, "Phụ lục A"), "x.docx").entries
    assert (entry.name, entry.agency) == ("Thủ tục mẫu một", "Phòng Tư pháp")
    assert entry.weekdays == ("tue", "thu")


def workbook() -> bytes:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.title = "PL1"
    for row in (
        ["ỦY BAN NHÂN DÂN HUYỆN MƯỜNG MẪU"],
        ["Phụ lục 1: Danh mục thủ tục tiếp nhận theo ngày"],
        ["TT", "Mã TTHC", "Tên thủ tục", "Cơ quan", None, "Ngày tiếp nhận", "Phí"],
        [None, None, None, "Chủ trì", "Phối hợp", None, None],
        ["A", "Lĩnh vực hộ tịch"],
        [1, "1.000111.000.00.00.H99", "Khai sinh mẫu", "Phòng Tư pháp", "Công an", "T2, T4", 0],
        [2, "1.000112", "Khai tử mẫu", None, "Công an", "thứ hai đến thứ sáu", "Không"],
        ["B", "Lĩnh vực đất đai"],
        [1, "1.000113", "Tách thửa mẫu", "Chi nhánh VPĐK đất đai", None, "chưa định", "15.000đ"],
        [2, None, "Gộp thửa mẫu các", "Chi nhánh VPĐK đất đai", None, "các ngày làm việc", None],
    ):
        page.append(row)
    for area in ("A3:A4", "B3:B4", "C3:C4", "D3:E3", "F3:F4", "G3:G4", "D6:D7"):
        page.merge_cells(area)
    return saved(book)


def test_a_workbook_with_groups_and_a_heading_of_two_rows_is_read() -> None:
    draft = parsed(workbook(), "book.xlsx")
    assert [(e.appendix, e.row, e.code, e.agency, e.partner) for e in draft.entries] == [
        ("Phụ lục 1", "A.1", "1.000111", "Phòng Tư pháp", "Công an"),
        ("Phụ lục 1", "A.2", "1.000112", "Phòng Tư pháp", "Công an"),
        ("Phụ lục 1", "B.1", "1.000113", "Chi nhánh VPĐK đất đai", None),
        ("Phụ lục 1", "B.2", None, "Chi nhánh VPĐK đất đai", None),
    ]
    first, second, third, fourth = draft.entries
    assert (first.weekdays, first.fee, first.group) == (("mon", "wed"), "0", "Lĩnh vực hộ tịch")
    assert second.weekdays == ("mon", "tue", "wed", "thu", "fri")
    assert (third.weekdays, third.uncertain) == ((), ("weekdays",))
    assert fourth.uncertain == ("name",)
    assert draft.document.locality == "muong-mau"


def test_numbers_that_run_on_over_groups_stand_without_the_group() -> None:
    rows = [
        ["TT", "Tên thủ tục", "Cơ quan chủ trì", "Thời gian"],
        ["I", "Hộ tịch", "", ""],
        ["1", "Một", "Phòng Tư pháp", "Thứ Ba"],
        ["2", "Hai", "Phòng Tư pháp", "Thứ Ba"],
        ["II", "Đất đai", "", ""],
        ["3", "Ba", "Phòng Tài nguyên", "Thứ Ba"],
    ]
    draft = parsed(word(HEAD, rows, "Phụ lục"), "x.docx")
    assert [(e.row, e.group) for e in draft.entries] == [
        ("1", "Hộ tịch"),
        ("2", "Hộ tịch"),
        ("3", "Đất đai"),
    ]


def test_rows_without_printed_numbers_are_counted_and_flagged() -> None:
    rows = [
        ["TT", "Tên thủ tục", "Cơ quan chủ trì", "Thời gian"],
        ["", "Một", "Phòng Tư pháp", "Thứ Ba"],
        ["", "Hai", "Phòng Tư pháp", "Thứ Ba"],
    ]
    draft = parsed(word(HEAD, rows, "Phụ lục"), "x.docx")
    assert [(e.row, e.name, e.uncertain) for e in draft.entries] == [
        ("1", "Một", ("row",)),
        ("2", "Hai", ("row",)),
    ]


TASKS = """Phụ lục II
NHIỆM VỤ NĂM 2025

STT
Nội dung công việc

Đơn vị chủ trì

Đơn vị phối hợp
Thời gian hoàn thành
Sản phẩm

I
Tuyên truyền

1
Phát tờ rơi mẫu đến

từng hộ dân
Bộ phận Văn hóa
Các thôn

Trước ngày

20/11/2025
Tờ rơi
STT
Nội dung công việc

Đơn vị chủ trì

Đơn vị phối hợp
Thời gian hoàn thành
Sản phẩm

2
Mở lớp mẫu cho cán bộ
Văn phòng HĐND - UBND

Thường xuyên
Báo cáo
"""


def test_a_text_of_tasks_is_read_over_its_page_break() -> None:
    draft = parsed(TASKS.encode(), "x.txt")
    assert [
        (e.kind, e.row, e.name, e.agency, e.partner, e.deadline, e.due, e.product)
        for e in draft.entries
    ] == [
        ("task", "I.1", "Phát tờ rơi mẫu đến từng hộ dân", "Bộ phận Văn hóa", "Các thôn",
         "Trước ngày 20/11/2025", "2025-11-20", "Tờ rơi"),
        ("task", "I.2", "Mở lớp mẫu cho cán bộ", "Văn phòng HĐND - UBND", None, "Thường xuyên",
         None, "Báo cáo"),
    ]  # fmt: skip


TABBED = (
    "Phụ lục 5\nTT\tTên thủ tục\tCơ quan chủ trì\tThời gian\tPhí\n"
    "1\tCấp lại giấy mẫu\tPhòng Nội vụ\tThứ Năm\tKhông\n"
    "2\tĐổi giấy mẫu\tTổ công tác số một\tThứ Ba\t20.000 đồng\n"
)


def test_a_text_with_tabs_between_its_cells_is_read() -> None:
    draft = parsed(TABBED.encode(), "x.txt")
    assert [(e.row, e.name, e.agency, *e.weekdays, e.fee) for e in draft.entries] == [
        ("1", "Cấp lại giấy mẫu", "Phòng Nội vụ", "thu", "Không"),
        ("2", "Đổi giấy mẫu", "Tổ công tác số một", "tue", "20.000 đồng"),
    ]


PROSE = (
    *HEAD,
    "II. NỘI DUNG",
    "1. Danh mục thủ tục",
    "a) Tại Bộ phận Một cửa xã áp dụng đối với 02 thủ tục:",
    "- Thủ tục Cấp giấy mẫu A; mã TTHC: 1.000201.",
    "- Thủ tục Cấp giấy mẫu B (Mã số TTHC 1.000202.000.00.00.H01).",
    "b) Tại Trung tâm Phục vụ hành chính công áp dụng đối với 03 TTHC:",
    "- Thủ tục Cấp giấy mẫu C; mã TTHC: 1.000203.",
    "2. Ngày áp dụng mô hình: Thứ Bảy hàng tuần. Nhận hồ sơ đến 11 giờ 30 cùng ngày.",
    "3. Thời gian thực hiện: Từ ngày 01/7/2025.",
)


def test_a_list_in_running_text_is_read_and_its_count_checked() -> None:
    document = docx.Document()
    for line in PROSE:
        document.add_paragraph(line)
    draft = parsed(saved(document), "x.docx")
    assert [(e.appendix, e.row, e.name, e.code, e.agency) for e in draft.entries] == [
        ("Mục II.1.a", "1", "Cấp giấy mẫu A", "1.000201", "Bộ phận Một cửa xã"),
        ("Mục II.1.a", "2", "Cấp giấy mẫu B", "1.000202", "Bộ phận Một cửa xã"),
        ("Mục II.1.b", "1", "Cấp giấy mẫu C", "1.000203", "Trung tâm Phục vụ hành chính công"),
    ]
    assert {(e.weekdays, e.cutoff, e.starts, e.status) for e in draft.entries} == {
        (("sat",), "11:30", "2025-07-01", Status.SERVED)
    }
    assert [str(w) for w in draft.warnings] == [
        "Section II.1.b announces 3 procedures, but 1 were found."
    ]


@pytest.mark.parametrize(
    ("unit", "slug"),
    [
        ("PHƯỜNG BẮC KẠN", "phuong-bac-kan"),
        ("THÀNH PHỐ BẮC KẠN", "bac-kan"),
        ("PHƯỜNG PHƯỚC LONG", "phuong-phuoc-long"),
        ("XÃ ĐẮK R’MOAN", "dak-r-moan"),
        ("TP. MẪU SƠN", "mau-son"),
    ],
)
def test_a_namesake_is_not_taken_for_a_known_place(unit: str, slug: str) -> None:
    text = f"ỦY BAN NHÂN DÂN\n{unit}\nSố:     /KH-UBND\nKẾ HOẠCH\nThử"
    head = parsed(text.encode(), "x.txt").document
    assert (head.locality, head.number) == (slug, None)
