//! The interface of a component as WIT, for people.

use super::panics::caught;
use wit_component::{WitPrinter, decode};

/// The text: the world that the component is, then the packages that it speaks
/// of. None if the interface cannot be said in WIT, as where core modules are
/// imported.
pub(super) fn wit(component: &[u8]) -> Option<String> {
    // Components that are valid but unusual are not what it is made for.
    caught(|| {
        let decoded = decode(component).ok()?;
        let (resolve, main) = (decoded.resolve(), decoded.package());
        let all = resolve.packages.iter().map(|(id, _)| id);
        let others: Vec<_> = all.filter(|id| *id != main).collect();
        let mut printer = WitPrinter::default();
        printer.print(resolve, main, &others).ok()?;
        Some(printer.output.to_string())
    })
    .ok()?
}
