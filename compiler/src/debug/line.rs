//! Line number programs (DWARF 5 section 6.2) about the native code, written.

use super::code::CodePiece;
use super::context::DebugContext;
use super::fragment::{Base, Fragment};
use super::rows::{self, LineRow, LineRows, Moved, row_at};
use super::sections::{Bytes, Dwarf};
use super::units::LineProgramRef;
use gimli::AttributeValue;
use gimli::constants as dw;
use precast_artifact::index::{FunctionOffset, PartOffset};

/// Parameters of the special opcodes.
const LINE_BASE: i64 = -5;
const LINE_RANGE: i64 = 14;
const OPCODE_BASE: u8 = 13;

/// Writes the program at `line` for the native code.
pub(super) fn write(
    context: &DebugContext<'_>,
    line: LineProgramRef,
    unit: &UnitFiles<'_>,
    rows: &LineRows,
) -> Fragment {
    let mut out = Fragment::default();
    out.u32(0);
    out.u16(5);
    out.u8(8);
    out.u8(0);
    let header_length = out.end();
    out.u32(0);
    out.raw(&[1, 1, 1, LINE_BASE as u8, LINE_RANGE as u8, OPCODE_BASE]);
    out.raw(&[0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1]);
    files(context, line, unit, &mut out);
    out.set_length(header_length);

    let mut functions: Vec<_> = rows.functions.iter().collect();
    functions.sort_by_key(|(function, _)| context.code.get(**function).text.start);
    for (function, rows) in functions {
        sequence(context, *function, rows, &mut out);
    }
    out.set_length(PartOffset::START);
    out
}

/// What the unit itself says of its files.
pub(super) struct UnitFiles<'a> {
    pub name: Option<Bytes<'a>>,
    pub directory: Option<Bytes<'a>>,
    pub address_size: u8,
}

/// The directories and files, numbered as in the module's program: version 5
/// counts both from zero, where the unit's own stand.
fn files(
    context: &DebugContext<'_>,
    line: LineProgramRef,
    unit: &UnitFiles<'_>,
    out: &mut Fragment,
) {
    let dwarf = &context.units.files[line.file].dwarf;
    let section = &dwarf.debug_line;
    let offset = gimli::DebugLineOffset(line.offset);
    let program = section.program(offset, unit.address_size, unit.directory, unit.name);
    let text = |value: &AttributeValue<Bytes<'_>>| text(context, dwarf, value);
    let Ok(program) = program else {
        out.raw(&[0, 0, 0, 0]);
        return;
    };
    let header = program.header();
    let old = header.version() < 5;
    let mut directories: Vec<Vec<u8>> = header.include_directories().iter().map(text).collect();
    let own = |text: Option<Bytes<'_>>| text.map_or(Vec::new(), |t| context.path(t.slice()));
    if old {
        directories.insert(0, own(unit.directory));
    }
    out.u8(1);
    out.uleb(dw::DW_LNCT_path.0.into());
    out.uleb(dw::DW_FORM_string.0.into());
    out.uleb(directories.len() as u64);
    directories.iter().for_each(|directory| out.string(directory));

    let has_md5 = !old && header.file_has_md5();
    out.u8(if has_md5 { 3 } else { 2 });
    out.uleb(dw::DW_LNCT_path.0.into());
    out.uleb(dw::DW_FORM_string.0.into());
    out.uleb(dw::DW_LNCT_directory_index.0.into());
    out.uleb(dw::DW_FORM_udata.0.into());
    if has_md5 {
        out.uleb(dw::DW_LNCT_MD5.0.into());
        out.uleb(dw::DW_FORM_data16.0.into());
    }
    let names = header.file_names();
    out.uleb((names.len() + usize::from(old)) as u64);
    if old {
        // gdb cannot do without a name, which units of types need not have.
        let (name, directory) = match (unit.name, names.first()) {
            (None, Some(first)) => (text(&first.path_name()), first.directory_index()),
            (name, _) => (own(name), 0),
        };
        out.string(if name.is_empty() { b"?" } else { &name });
        out.uleb(if directory < directories.len() as u64 { directory } else { 0 });
    }
    for file in names {
        out.string(&name(context, dwarf, header, file));
        let directory = file.directory_index();
        out.uleb(if directory < directories.len() as u64 { directory } else { 0 });
        if has_md5 {
            out.raw(file.md5());
        }
    }
}

/// The path of every file of the program at `line`, by number.
pub(super) fn paths(
    context: &DebugContext<'_>,
    line: LineProgramRef,
    unit: &UnitFiles<'_>,
) -> Vec<String> {
    let dwarf = &context.units.files[line.file].dwarf;
    let section = &dwarf.debug_line;
    let offset = gimli::DebugLineOffset(line.offset);
    let program = section.program(offset, unit.address_size, unit.directory, unit.name);
    let Ok(program) = program else { return Vec::new() };
    let header = program.header();
    let lossy = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let own = |text: Option<Bytes<'_>>| lossy(text.map_or(Vec::new(), |t| context.path(t.slice())));
    let path = |file: &gimli::FileEntry<Bytes<'_>>| {
        let directory = match (file.directory_index(), header.version()) {
            (0, ..5) => None,
            _ => file.directory(header).map(|directory| lossy(text(context, dwarf, &directory))),
        };
        let name = lossy(name(context, dwarf, header, file));
        let parts = [own(unit.directory), directory.unwrap_or_default(), name];
        // What is absolute begins anew.
        parts.into_iter().fold(String::new(), |path, part| match part.as_str() {
            "" => path,
            part if path.is_empty() || part.starts_with('/') => part.to_owned(),
            part => format!("{}/{part}", path.trim_end_matches('/')),
        })
    };
    let files = header.file_names().iter().map(path);
    match header.version() < 5 {
        true => [own(unit.name)].into_iter().chain(files).collect(),
        false => files.collect(),
    }
}

/// The name of a file in its directory; its whole path if another one shall
/// stand in the place of a part that reaches into the name.
fn name(
    context: &DebugContext<'_>,
    dwarf: &Dwarf<'_>,
    header: &gimli::LineProgramHeader<Bytes<'_>>,
    file: &gimli::FileEntry<Bytes<'_>>,
) -> Vec<u8> {
    let name = unmapped(dwarf, &file.path_name());
    let directory = file.directory(header).map(|directory| unmapped(dwarf, &directory));
    let directory = directory.unwrap_or_default();
    if directory.starts_with(b"/") && !name.starts_with(b"/") {
        let whole = [&directory, &b"/"[..], &name].concat();
        let path = context.path(&whole);
        if path != whole && context.path(&directory) == directory {
            return path;
        }
    }
    context.path(&name)
}

/// A string of a line number program's header.
fn text(
    context: &DebugContext<'_>,
    dwarf: &Dwarf<'_>,
    value: &AttributeValue<Bytes<'_>>,
) -> Vec<u8> {
    context.path(&unmapped(dwarf, value))
}

/// The same, as it is in the module.
fn unmapped(dwarf: &Dwarf<'_>, value: &AttributeValue<Bytes<'_>>) -> Vec<u8> {
    let text = match *value {
        AttributeValue::String(text) => Ok(text),
        AttributeValue::DebugStrRef(at) => dwarf.debug_str.get_str(at),
        AttributeValue::DebugLineStrRef(at) => dwarf.debug_line_str.get_str(at),
        _ => return Vec::new(),
    };
    text.map_or(Vec::new(), |text| text.slice().to_vec())
}

/// The registers of the line number state machine that we use.
struct LineState {
    address: FunctionOffset,
    file: u64,
    line: u64,
    column: u64,
    is_stmt: bool,
}

/// The rows of one function.
fn sequence(context: &DebugContext<'_>, function: usize, rows: &[LineRow], out: &mut Fragment) {
    let code = context.code.code(function);
    let marks = rows::marks(&code.pieces, rows);
    let moved = Moved::new(rows, &marks);
    let sites = code.function.sites;
    let has_site = |piece: &CodePiece| {
        let first = sites.partition_point(|site| site.offset < piece.start);
        sites.get(first).is_some_and(|site| site.offset < piece.end)
    };
    let mut pieces = code.pieces.clone();
    pieces.sort_by_key(|piece| piece.start);
    let text = &code.function.text;
    out.raw(&[0, 9, dw::DW_LNE_set_address.0]);
    out.address(Base::Text, text.start.into());
    let mut state =
        LineState { address: FunctionOffset::START, file: 1, line: 1, column: 0, is_stmt: true };
    let mut last = None;
    for piece in pieces {
        // Code before the first row belongs to the start of the function, which
        // is no place to stop at when parameters shall be looked at.
        let number = row_at(rows, piece.source.into());
        let at_start = piece.start == FunctionOffset::START;
        let row = &rows[number.unwrap_or(0)];
        let (starts, is_stmt, prologue_end) = match number.map(|number| &marks[number]) {
            Some(mark) if mark.start == Some(piece.start) => {
                (true, mark.is_stmt, mark.prologue_end)
            }
            Some(_) => (false, false, false),
            None => (at_start, at_start && row.is_stmt, false),
        };
        // Reports name the lines of calls and traps.
        let is_moved = !at_start && moved.has(&piece, row) && !has_site(&piece);
        if is_moved || last == Some(number) && !starts {
            continue;
        }
        last = Some(number);
        emit(&mut state, piece.start, row, is_stmt, prologue_end, out);
    }
    if let Some(left @ 1..) = code.size().distance_from(state.address) {
        out.u8(dw::DW_LNS_advance_pc.0);
        out.uleb(left.into());
    }
    out.raw(&[0, 1, dw::DW_LNE_end_sequence.0]);
}

fn emit(
    state: &mut LineState,
    address: FunctionOffset,
    row: &LineRow,
    is_stmt: bool,
    prologue_end: bool,
    out: &mut Fragment,
) {
    if state.file != row.file {
        out.u8(dw::DW_LNS_set_file.0);
        out.uleb(row.file);
        state.file = row.file;
    }
    if state.column != row.column {
        out.u8(dw::DW_LNS_set_column.0);
        out.uleb(row.column);
        state.column = row.column;
    }
    if state.is_stmt != is_stmt {
        out.u8(dw::DW_LNS_negate_stmt.0);
        state.is_stmt = is_stmt;
    }
    if prologue_end {
        out.u8(dw::DW_LNS_set_prologue_end.0);
    }
    let line = (row.line as i64).wrapping_sub(state.line as i64);
    let advance = i64::from(address.get() - state.address.get());
    (state.line, state.address) = (row.line, address);
    let special = |line: i64, advance: i64| {
        let fits = (LINE_BASE..LINE_BASE + LINE_RANGE).contains(&line) && advance < 256;
        let opcode = line - LINE_BASE + LINE_RANGE * advance + i64::from(OPCODE_BASE);
        (fits && opcode <= 255).then_some(opcode as u8)
    };
    if let Some(opcode) = special(line, advance) {
        return out.u8(opcode);
    }
    let mut line = line;
    if !(LINE_BASE..LINE_BASE + LINE_RANGE).contains(&line) {
        out.u8(dw::DW_LNS_advance_line.0);
        out.sleb(line);
        line = 0;
    }
    if let Some(opcode) = special(line, advance) {
        return out.u8(opcode);
    }
    out.u8(dw::DW_LNS_advance_pc.0);
    out.uleb(advance as u64);
    out.u8(special(line, 0).expect("the line fits"));
}
