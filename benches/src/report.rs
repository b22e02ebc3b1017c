//! What the suite measured: a table, geometric means by group, JSON, and a plot
//! of run time against compile time.

use crate::child::Usage;
use crate::stats::Samples;
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

/// One program.
pub(crate) struct ProgramRow {
    pub(crate) name: String,
    pub(crate) group: &'static str,
    /// No samples where it is not built natively.
    pub(crate) native: Samples,
    pub(crate) wasmtime: Cost,
    /// By side.
    pub(crate) ours: Vec<Cost>,
}

/// What one compiler and its code took.
#[derive(Clone, Default)]
pub(crate) struct Cost {
    /// CPU seconds.
    pub(crate) run: Samples,
    /// CPU seconds of the compiler, once.
    pub(crate) compile: Samples,
    pub(crate) peak: Samples,
    pub(crate) size: Samples,
}

impl Cost {
    /// Takes note of a compiler's run that wrote this artifact.
    pub(crate) fn compiled(&mut self, usage: &Usage, artifact: &Path) -> Result<(), String> {
        let meta = std::fs::metadata(artifact).map_err(|why| why.to_string())?;
        self.compile.push_time(usage.cpu);
        self.peak.push_bytes(usage.peak);
        self.size.push_bytes(meta.len());
        Ok(())
    }
}

impl ProgramRow {
    pub(crate) fn new(name: String, group: &'static str, sides: usize) -> Self {
        let ours = vec![Cost::default(); sides];
        Self { name, group, native: Samples::default(), wasmtime: Cost::default(), ours }
    }
}

/// A quotient of two costs of a program; none where one of them is missing.
type Ratio = dyn Fn(&ProgramRow) -> Option<f64>;

fn over_wasmtime(side: usize, what: fn(&Cost) -> &Samples) -> Box<Ratio> {
    Box::new(move |row| Some(what(&row.ours[side]).median() / what(&row.wasmtime).median()))
}

fn over_native(side: usize) -> Box<Ratio> {
    Box::new(move |row| {
        let native = (!row.native.is_empty()).then(|| row.native.median());
        native.map(|native| row.ours[side].run.median() / native)
    })
}

fn native_over_wasmtime() -> Box<Ratio> {
    Box::new(|row| {
        let native = (!row.native.is_empty()).then(|| row.native.median());
        native.map(|native| native / row.wasmtime.run.median())
    })
}

/// Geometric mean over those programs that have the ratio.
fn mean<'r>(rows: impl Iterator<Item = &'r ProgramRow>, ratio: &Ratio) -> Option<f64> {
    let logarithms: Vec<f64> = rows.filter_map(ratio).map(f64::ln).collect();
    let count = logarithms.len() as f64;
    (count > 0.0).then(|| (logarithms.iter().sum::<f64>() / count).exp())
}

/// Prints every program and the means.
pub(crate) fn print(sides: &[String], rows: &[ProgramRow]) {
    let columns = sides.iter().map(|side| format!(" `{side}` / wasmtime |")).collect::<String>();
    println!("\n| program | group | native | wasmtime | native / wasmtime |{columns}");
    println!("|-|-|-|-|-|{}", "-|".repeat(sides.len()));
    for row in rows {
        let native = if row.native.is_empty() { String::new() } else { row.native.to_string() };
        print!("| {} | {} | {native} | {} |", row.name, row.group, row.wasmtime.run);
        cells(sides, std::slice::from_ref(row), |side| over_wasmtime(side, |cost| &cost.run));
    }
    let groups: BTreeSet<&str> = rows.iter().map(|row| row.group).collect();
    for group in groups {
        let rows: Vec<&ProgramRow> = rows.iter().filter(|row| row.group == group).collect();
        print!("| **mean** | {group} | | |");
        cells_of(sides, &rows, |side| over_wasmtime(side, |cost| &cost.run));
    }
    let all = |what: &str, ratio: &dyn Fn(usize) -> Box<Ratio>| {
        print!("| **mean** | {what} | | |");
        cells(sides, rows, ratio);
    };
    all("all: run", &|side| over_wasmtime(side, |cost| &cost.run));
    all("all: run / native", &over_native);
    all("all: compile, CPU", &|side| over_wasmtime(side, |cost| &cost.compile));
    all("all: compile, memory", &|side| over_wasmtime(side, |cost| &cost.peak));
    all("all: artifact", &|side| over_wasmtime(side, |cost| &cost.size));
}

fn cells(sides: &[String], rows: &[ProgramRow], ratio: impl Fn(usize) -> Box<Ratio>) {
    cells_of(sides, &rows.iter().collect::<Vec<_>>(), ratio);
}

/// The rest of a line: native beside wasmtime, and each side's ratio.
fn cells_of(sides: &[String], rows: &[&ProgramRow], ratio: impl Fn(usize) -> Box<Ratio>) {
    let cell = |value: Option<f64>| value.map_or(String::new(), |value| format!("{value:.2}"));
    let rows = || rows.iter().copied();
    print!(" {} |", cell(mean(rows(), &native_over_wasmtime())));
    for side in 0..sides.len() {
        print!(" {} |", cell(mean(rows(), &ratio(side))));
    }
    println!();
}

/// Writes `suite.json` and `suite.svg`.
pub(crate) fn write(folder: &Path, sides: &[String], rows: &[ProgramRow]) -> Result<(), String> {
    for (name, text) in [("suite.json", json(sides, rows)), ("suite.svg", plot(sides, rows))] {
        let path = folder.join(name);
        std::fs::write(&path, text).map_err(|why| format!("{}: {why}", path.display()))?;
        println!("\nwritten: {}", path.display());
    }
    Ok(())
}

fn json(sides: &[String], rows: &[ProgramRow]) -> String {
    let cost = |name: &str, cost: &Cost| {
        format!(
            "{{\"side\": {name:?}, \"run\": {:?}, \"compile\": {:?}, \"peak\": {:?}, \"size\": {:?}}}",
            cost.run.values(),
            cost.compile.values(),
            cost.peak.values(),
            cost.size.values()
        )
    };
    let row = |row: &ProgramRow| {
        let ours = sides.iter().zip(&row.ours).map(|(side, ours)| cost(side, ours));
        let all: Vec<String> =
            std::iter::once(cost("wasmtime", &row.wasmtime)).chain(ours).collect();
        format!(
            "  {{\"name\": {:?}, \"group\": {:?}, \"native\": {:?},\n   \"costs\": [{}]}}",
            row.name,
            row.group,
            row.native.values(),
            all.join(",\n    ")
        )
    };
    format!("[\n{}\n]\n", rows.iter().map(row).collect::<Vec<_>>().join(",\n"))
}

/// Means of run time over those of compile time, both beside wasmtime's: 1
/// is 200 pixels, the origin is at the lower left.
fn plot(sides: &[String], rows: &[ProgramRow]) -> String {
    let mut svg = "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"520\" height=\"320\" \
        font-family=\"sans-serif\" font-size=\"12\">\n\
        <path d=\"M60 20V260H500M60 60H500M260 20V260\" fill=\"none\" stroke=\"#999\"/>\n\
        <text x=\"200\" y=\"300\">compile time / wasmtime</text>\n\
        <text x=\"8\" y=\"14\">run time / wasmtime</text>\n\
        <text x=\"44\" y=\"64\">1</text><text x=\"257\" y=\"274\">1</text>\n"
        .to_owned();
    let mut point = |name: &str, compile: f64, run: f64| {
        let (x, y) = (60.0 + 200.0 * compile, 260.0 - 200.0 * run);
        let _ = writeln!(
            svg,
            "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/><text x=\"{:.1}\" y=\"{:.1}\">{name}</text>",
            x + 6.0,
            y - 6.0
        );
    };
    point("wasmtime", 1.0, 1.0);
    for (side, name) in sides.iter().enumerate() {
        let compile = mean(rows.iter(), &over_wasmtime(side, |cost| &cost.compile));
        let run = mean(rows.iter(), &over_wasmtime(side, |cost| &cost.run));
        if let (Some(compile), Some(run)) = (compile, run) {
            point(name, compile, run);
        }
    }
    svg + "</svg>\n"
}
