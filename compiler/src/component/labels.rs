//! What the core modules of a component are called: by the components around
//! them, `outer/inner/module`, as far as these have names; by their numbers
//! where they have none.

use crate::error::Result;
use std::collections::HashMap;
use wasmparser::{
    BinaryReader, ComponentAlias, ComponentExternalKind, ComponentName, ComponentNameSectionReader,
    ComponentOuterAliasKind, ComponentTypeRef, NameMap, Parser, Payload,
};

/// What a core module is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModuleLabel {
    /// The components around it, the outermost first, without the whole.
    path: Vec<String>,
    /// Its name in its component, if it has one there.
    name: Option<String>,
    /// Its number in its component.
    number: u32,
}

impl ModuleLabel {
    /// The whole, of a module that may call itself something.
    pub(crate) fn with(&self, own: Option<&str>) -> String {
        let own = self.name.as_deref().or(own).map(str::to_owned);
        let own = own.unwrap_or_else(|| format!("module{}", self.number));
        let parts = self.path.iter().map(String::as_str).chain([own.as_str()]);
        parts.collect::<Vec<_>>().join("/")
    }
}

/// The core modules of a component by where they begin.
pub(super) fn labels(component: &[u8]) -> Result<HashMap<u64, ModuleLabel>> {
    let mut open = Vec::new();
    let mut current = Level::default();
    // In a core module, whose sections are none of a component's.
    let mut in_module = false;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { unchecked_range, .. } => {
                current.modules.push((unchecked_range.start, current.module_count));
                current.module_count += 1;
                in_module = true;
            }
            Payload::ComponentSection { .. } => open.push(std::mem::take(&mut current)),
            Payload::End(_) if in_module => in_module = false,
            Payload::End(_) => {
                let Some(mut outer) = open.pop() else { break };
                outer.children.push((outer.component_count, std::mem::take(&mut current)));
                outer.component_count += 1;
                current = outer;
            }
            payload if !in_module => current.section(payload)?,
            _ => {}
        }
    }
    let mut labels = HashMap::new();
    current.collect(&mut Vec::new(), &mut labels);
    Ok(labels)
}

/// A component while it is read.
#[derive(Default)]
struct Level {
    /// Core modules that it holds: where they begin, and their numbers.
    modules: Vec<(u64, u32)>,
    /// Components that it holds, by their numbers.
    children: Vec<(u32, Level)>,
    module_count: u32,
    component_count: u32,
    module_names: HashMap<u32, String>,
    component_names: HashMap<u32, String>,
}

impl Level {
    /// Counts what else has a number among modules and components, and reads
    /// names.
    fn section(&mut self, payload: Payload<'_>) -> Result<()> {
        match payload {
            Payload::ComponentImportSection(imports) => {
                for import in imports {
                    match import?.ty {
                        ComponentTypeRef::Module(_) => self.module_count += 1,
                        ComponentTypeRef::Component(_) => self.component_count += 1,
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(exports) => {
                for export in exports {
                    self.count(export?.kind);
                }
            }
            Payload::ComponentAliasSection(aliases) => {
                for alias in aliases {
                    match alias? {
                        ComponentAlias::InstanceExport { kind, .. } => self.count(kind),
                        ComponentAlias::Outer { kind, .. } => match kind {
                            ComponentOuterAliasKind::CoreModule => self.module_count += 1,
                            ComponentOuterAliasKind::Component => self.component_count += 1,
                            _ => {}
                        },
                        ComponentAlias::CoreInstanceExport { .. } => {}
                    }
                }
            }
            Payload::CustomSection(section) if section.name() == "component-name" => {
                let reader = BinaryReader::new(section.data(), section.data_offset());
                self.names(ComponentNameSectionReader::new(reader));
            }
            _ => {}
        }
        Ok(())
    }

    fn count(&mut self, kind: ComponentExternalKind) {
        match kind {
            ComponentExternalKind::Module => self.module_count += 1,
            ComponentExternalKind::Component => self.component_count += 1,
            _ => {}
        }
    }

    /// Names; a damaged section has none from where it is damaged.
    fn names(&mut self, section: ComponentNameSectionReader<'_>) {
        for names in section {
            match names {
                Ok(ComponentName::CoreModules(names)) => add(&mut self.module_names, names),
                Ok(ComponentName::Components(names)) => add(&mut self.component_names, names),
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }

    fn collect(self, path: &mut Vec<String>, labels: &mut HashMap<u64, ModuleLabel>) {
        let Self { modules, children, module_names, component_names, .. } = self;
        for (start, number) in modules {
            let name = module_names.get(&number).cloned();
            labels.insert(start, ModuleLabel { path: path.clone(), name, number });
        }
        for (number, child) in children {
            let name = component_names.get(&number).cloned();
            path.push(name.unwrap_or_else(|| format!("component{number}")));
            child.collect(path, labels);
            path.pop();
        }
    }
}

fn add(names: &mut HashMap<u32, String>, section: NameMap<'_>) {
    let known = section.into_iter().map_while(|naming| naming.ok());
    names.extend(known.map(|naming| (naming.index, naming.name.to_owned())));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_called_by_the_components_around_them() {
        let text = r#"(component
            (core module)
            (core module $main)
            (component $inner (core module (func)) (component (core module $deep)))
            (import "m" (core module $given))
            (core module))"#;
        let component = wat::parse_str(text).expect("a component's text");
        let labels = labels(&component).expect("a component");
        let mut labels: Vec<_> = labels.into_iter().collect();
        labels.sort_by_key(|(start, _)| *start);
        let shown: Vec<_> = labels.iter().map(|(_, label)| label.with(None)).collect();
        let expected = ["module0", "main", "inner/module0", "inner/component0/deep", "module3"];
        assert_eq!(shown, expected);
        assert_eq!(labels[0].1.with(Some("itself")), "itself");
        for (start, _) in labels {
            assert!(component[start as usize..].starts_with(b"\0asm\x01"));
        }
    }
}
