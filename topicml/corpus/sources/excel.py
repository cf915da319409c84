"""Read a sheet of an Excel workbook into Arrow."""

import warnings
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pyarrow as pa

from topicml.checks import did_you_mean
from topicml.corpus.columns import column_of, encodable
from topicml.corpus.places import Places
from topicml.errors import InputError, MissingExtraError, warn


def read_excel(path: Path, sheet: str | int | None = None) -> pa.Table:
    """Read a sheet of an ``.xlsx`` file. Its first row with values names the columns; rows without values are skipped.

    Parameters
    ----------
    path : Path
        The file.
    sheet : str or int, optional
        Name of the sheet, or its number from 1. By default the first sheet that has values.

    Returns
    -------
    pyarrow.Table

    Raises
    ------
    InputError
        If the file is not a workbook, or has no such sheet or no values.
    MissingExtraError
        If openpyxl is not installed.

    Warns
    -----
    TopicWarning
        If `sheet` is not given and several sheets have values.
    """
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtraError(
            f"{path} is an Excel workbook, and openpyxl is not installed: pip install 'topicml[excel]'. Or save it as "
            "CSV (UTF-8)."
        ) from error
    if not path.is_file():
        raise InputError(f"There is no file {path}.")
    _check_kind(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of styles and validations, which do not matter here
            workbook = openpyxl.load_workbook(path, read_only=True, data_only=True)
            try:
                sheets = {each.title: each for each in workbook.worksheets}
                name = None if sheet is None else _named(path, sheet, list(sheets))
                rows = {title: _rows(each) for title, each in sheets.items() if name in (None, title)}
            finally:
                workbook.close()
    except InputError:
        raise
    except Exception as error:  # openpyxl lets through what zip, XML and its own descriptors raise
        raise InputError(f"{path} cannot be read as an Excel workbook (.xlsx): {error!r:.200}.") from error
    rows = {title: each for title, each in rows.items() if each}
    if not rows:
        raise InputError(f"{path} has no values{'' if name is None else f' in the sheet {name!r}'}.")
    first = next(iter(rows))
    if len(rows) > 1:
        others = ", ".join(map(repr, list(rows)[1:]))
        warn(f"{path} has several sheets; {first!r} was read, not {others}. To choose: sheet=… (--sheet).")
    return _table(rows[first])


def _check_kind(path: Path) -> None:
    """Refuse what is no workbook by its first bytes, because the library only says that it is no zip file."""
    with open(path, "rb") as stream:
        head = stream.read(8)
    if head == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        raise InputError(
            f"{path} has a password, or is in the old Excel format. Save it without a password as .xlsx, or as CSV "
            "(UTF-8)."
        )
    if not head.startswith(b"PK"):
        what = "is no Excel workbook, although its name ends in .xlsx" if head else "is empty"
        raise InputError(f"{path} {what}. If it is a table in text, give it the suffix .csv.")


def _named(path: Path, sheet: str | int, names: list[str]) -> str:
    if sheet in names:
        return str(sheet)
    number = int(sheet) if str(sheet).isdecimal() else 0
    if 1 <= number <= len(names):
        return names[number - 1]
    raise InputError(
        f"{path} has no sheet {sheet!r}.{did_you_mean(str(sheet), names, n=1)} Its sheets: "
        f"{', '.join(map(repr, names))}."
    )


def _rows(sheet: Any) -> list[tuple[int, list[Any]]]:
    """The rows of a sheet that have values, with their numbers."""
    sheet.reset_dimensions()  # as written by some programs, they leave out columns
    rows = ([_value(cell) for cell in row] for row in sheet.iter_rows())
    return [(number, row) for number, row in enumerate(rows, start=1) if any(value not in (None, "") for value in row)]


def _value(cell: Any) -> Any:
    """The value of a cell; a date where the cell shows no time of day, because Excel stores both in the same way."""
    if getattr(cell, "data_type", None) == "e":  # such as #N/A
        return None
    value = cell.value
    if isinstance(value, datetime) and value.time() == time():
        from openpyxl.styles.numbers import is_datetime

        return value.date() if is_datetime(cell.number_format) == "date" else value
    return value


def _one_kind(values: list[Any]) -> list[Any]:
    """The values of a column, with dates as times at midnight if some of them are times of day as well."""
    if not any(isinstance(value, datetime) for value in values):
        return values
    return [datetime.combine(each, time()) if _is_date(each) else each for each in values]


def _is_date(value: Any) -> bool:
    return isinstance(value, date) and not isinstance(value, datetime)


def _table(numbered: list[tuple[int, list[Any]]]) -> pa.Table:
    (_, header), *rest = numbered
    rows = [row for _, row in rest]
    width = max(map(len, [header, *rows]))
    names = [*header, *[None] * (width - len(header))]
    columns = [_one_kind([row[i] if i < len(row) else None for row in rows]) for i in range(width)]
    kept = [i for i in range(width) if names[i] not in (None, "") or any(value is not None for value in columns[i])]
    titles = [f"column_{i + 1}" if names[i] in (None, "") else encodable(str(names[i])).strip() for i in kept]
    table = pa.Table.from_arrays([column_of(title, columns[i]) for title, i in zip(titles, kept, strict=True)], titles)
    return Places.of_numbers("row", (number for number, _ in rest)).in_table(table)
