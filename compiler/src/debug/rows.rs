//! Rows of the module's line number programs (DWARF 5 section 6.2), and where
//! their code is.

use super::code::CodePiece;
use super::context::DebugContext;
use super::units::LineProgramRef;
use precast_artifact::index::FunctionOffset;
use std::collections::{BTreeMap, HashSet};

/// A row of the module's program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LineRow {
    /// Address in the module's code.
    pub address: u64,
    pub file: u64,
    pub line: u64,
    pub column: u64,
    pub is_stmt: bool,
    pub prologue_end: bool,
}

/// The rows of a program, by function.
#[derive(Default)]
pub(super) struct LineRows {
    /// By the number of the function: its rows, ordered by address.
    pub functions: BTreeMap<usize, Vec<LineRow>>,
}

/// Reads the rows of the program at `line`, as far as they are sound.
pub(super) fn read(
    context: &DebugContext<'_>,
    line: LineProgramRef,
    address_size: u8,
) -> Option<LineRows> {
    let section = &context.units.files[line.file].dwarf.debug_line;
    let offset = gimli::DebugLineOffset(line.offset);
    let program = section.program(offset, address_size, None, None).ok()?;
    let mut reader = program.rows();
    let mut rows = LineRows::default();
    while let Ok(Some((_, row))) = reader.next_row() {
        if row.end_sequence() {
            continue;
        }
        let Some(function) = context.code.find(row.address()) else { continue };
        let column = match row.column() {
            gimli::ColumnType::LeftEdge => 0,
            gimli::ColumnType::Column(column) => column.get(),
        };
        rows.functions.entry(function).or_default().push(LineRow {
            address: row.address(),
            file: row.file_index(),
            line: row.line().map_or(0, |line| line.get()),
            column,
            is_stmt: row.is_stmt(),
            prologue_end: row.prologue_end(),
        });
    }
    for rows in rows.functions.values_mut() {
        rows.sort_by_key(|row| row.address);
        unite(rows);
    }
    Some(rows)
}

/// Of several rows at one address the last counts; it marks a statement if any
/// of its line does.
fn unite(rows: &mut Vec<LineRow>) {
    rows.dedup_by(|next, kept| {
        let same = next.address == kept.address;
        if same {
            let line = (next.file, next.line) == (kept.file, kept.line);
            next.is_stmt |= line && kept.is_stmt;
            next.prologue_end |= kept.prologue_end;
            *kept = *next;
        }
        same
    });
}

/// The row that an address belongs to.
pub(super) fn row_at(rows: &[LineRow], address: u64) -> Option<usize> {
    rows.partition_point(|row| row.address <= address).checked_sub(1)
}

/// Where the code of a row begins, and what begins there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowStart {
    /// The first code of the row's first operator that has any.
    pub start: Option<FunctionOffset>,
    pub is_stmt: bool,
    pub prologue_end: bool,
}

/// Whether code that came from a row stands before the row's line begins: it was
/// moved there from inside of a loop, say, and is no place to stop at for that
/// line. (gdb heeds `is_stmt`, lldb takes the first code of a line.)
pub(super) struct Moved(BTreeMap<(u64, u64), FunctionOffset>);

impl Moved {
    pub(super) fn new(rows: &[LineRow], marks: &[RowStart]) -> Self {
        let mut begins = BTreeMap::new();
        for (row, mark) in rows.iter().zip(marks).filter(|(_, mark)| mark.is_stmt) {
            let Some(start) = mark.start else { continue };
            let begin = begins.entry((row.file, row.line)).or_insert(start);
            *begin = start.min(*begin);
        }
        Self(begins)
    }

    pub(super) fn has(&self, piece: &CodePiece, row: &LineRow) -> bool {
        self.0.get(&(row.file, row.line)).is_some_and(|begin| piece.start < *begin)
    }
}

/// For each row of a function, where its code begins: a statement begins there
/// and nowhere else. Of a row without code, the next of its line that has some
/// begins the statement, since debuggers stop at statements only; the end of
/// the prologue moves on to any.
pub(super) fn marks(pieces: &[CodePiece], rows: &[LineRow]) -> Vec<RowStart> {
    let mut marks = vec![RowStart::default(); rows.len()];
    for piece in pieces {
        if let Some(number) = row_at(rows, piece.source.into()) {
            marks[number].start.get_or_insert(piece.start);
        }
    }
    let mut lines = HashSet::new();
    let mut prologue_end = false;
    for (row, mark) in rows.iter().zip(&mut marks) {
        let line = (row.file, row.line);
        prologue_end |= row.prologue_end;
        if mark.start.is_some() {
            mark.is_stmt = lines.remove(&line) || row.is_stmt;
            mark.prologue_end = std::mem::take(&mut prologue_end);
        } else if row.is_stmt {
            lines.insert(line);
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use precast_artifact::index::CodeSectionOffset;

    fn row(address: u64, line: u64, is_stmt: bool) -> LineRow {
        LineRow { address, file: 1, line, column: 0, is_stmt, prologue_end: false }
    }

    #[test]
    fn of_rows_at_one_address_the_last_counts() {
        let mut rows = vec![row(1, 5, true), row(1, 5, false), row(4, 6, true), row(4, 7, false)];
        unite(&mut rows);
        assert_eq!(rows, [row(1, 5, true), row(4, 7, false)]);
        assert_eq!(row_at(&rows, 0), None);
        assert_eq!(row_at(&rows, 3), Some(0));
        assert_eq!(row_at(&rows, 4), Some(1));
    }

    #[test]
    fn a_statement_without_code_begins_later() {
        let mut rows = vec![row(0, 5, true), row(4, 6, true), row(8, 5, false), row(12, 6, false)];
        rows[0].prologue_end = true;
        let pieces = [4, 8, 13].map(|source| CodePiece {
            source: CodeSectionOffset::new(source),
            start: FunctionOffset::new(source * 2),
            end: FunctionOffset::new(source * 3),
        });
        let found = marks(&pieces, &rows);
        let shown: Vec<_> =
            found.iter().map(|m| (m.start.map(|s| s.get()), m.is_stmt, m.prologue_end)).collect();
        assert_eq!(
            shown,
            [
                (None, false, false),
                (Some(8), true, true),
                (Some(16), true, false),
                (Some(26), false, false)
            ]
        );
    }
}
