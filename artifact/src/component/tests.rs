use super::*;
use crate::index::*;
use crate::module::{Description, EntityIndex, Export, Import as CoreImport, ImportKind, Module};
use crate::types::{CompositeType, FuncType, TypeSection, ValType};

fn function_type() -> FuncType {
    FuncType { params: vec![ValType::I32], results: vec![ValType::I32] }
}

/// Two core modules: one exports a function, the other imports it and a
/// function from the loader.
fn modules() -> Description {
    let mut types = TypeSection::default();
    types.push([CompositeType::Func(function_type())]);
    let import = |name: &str, kind| CoreImport {
        module: "m".into(),
        name: name.into(),
        kind,
        may_block: false,
    };
    let function = ImportKind::Function(CanonicalTypeIndex::new(0));
    let first = Module {
        types: types.clone(),
        imports: vec![import("host", function)],
        functions: 1,
        exports: vec![Export { name: "f".into(), item: EntityIndex::Function(FuncIndex::new(0)) }],
        ..Module::default()
    };
    let second =
        Module { imports: vec![import("f", function)], functions: 1, types, ..Module::default() };
    Description { modules: vec![first, second], instances: Vec::new() }
}

fn types() -> ComponentTypes {
    let field = |name: &str, ty| Field { name: name.into(), ty };
    let composite = |index| ComponentVal::Composite(ComponentTypeIndex::new(index));
    let table = ResourceTableIndex::new(0);
    ComponentTypes {
        values: vec![
            CompositeVal::Record(vec![
                field("a", ComponentVal::U8),
                field("b", ComponentVal::String),
            ]),
            CompositeVal::List(composite(0)),
            CompositeVal::Variant(vec![
                Case { name: "none".into(), ty: None },
                Case { name: "some".into(), ty: Some(composite(1)) },
            ]),
            CompositeVal::Flags(vec!["read".into(), "write".into()]),
            CompositeVal::Enum(vec!["left".into()]),
            CompositeVal::Option(ComponentVal::Own(table)),
            CompositeVal::Result { ok: Some(composite(2)), err: None },
            CompositeVal::Tuple(vec![ComponentVal::Char, ComponentVal::Borrow(table)]),
            CompositeVal::FixedList(ComponentVal::F32, 4),
            CompositeVal::Map(ComponentVal::String, ComponentVal::F64),
        ],
        functions: vec![ComponentFuncType {
            params: vec![field("x", composite(6))],
            result: Some(composite(7)),
        }],
        modules: vec![CoreModuleType {
            imports: vec![NamedCoreImport {
                module: "m".into(),
                name: "n".into(),
                ty: CoreType::Function(function_type()),
            }],
            exports: Vec::new(),
        }],
        instances: vec![InstanceType {
            exports: vec![NamedItem {
                name: "f".into(),
                ty: ItemType::Function(ComponentFuncTypeIndex::new(0)),
            }],
        }],
        resource_tables: vec![
            ResourceTableType::Concrete {
                resource: ResourceIndex::new(0),
                instance: ComponentInstanceIndex::new(0),
            },
            ResourceTableType::Abstract(3),
        ],
    }
}

/// An import lowered, both modules instantiated, what the component has of them.
fn steps(function: &dyn Fn(u32) -> CoreItem) -> Vec<Step> {
    let (instance, leaf) = (ComponentInstanceIndex::new(0), LeafIndex::new(0));
    let instantiate = |module, argument, owner| Step::Instantiate {
        module: ModuleIndex::new(module),
        arguments: vec![argument],
        owner,
    };
    vec![
        Step::LowerImport { lowering: LoweringIndex::new(0), leaf },
        instantiate(0, CoreItem::Trampoline(TrampolineIndex::new(0)), Some(instance)),
        instantiate(1, function(0), None),
        Step::Realloc { slot: ReallocSlot::new(0), from: function(0) },
        Step::Resource {
            resource: ResourceIndex::new(0),
            rep: ValType::I32,
            destructor: Some(function(0)),
            instance,
        },
    ]
}

fn sample() -> ComponentDescription {
    let name = "wasi:io/streams@0.2.6".to_owned();
    let (instance, leaf) = (ComponentInstanceIndex::new(0), LeafIndex::new(0));
    let (options, lowering) = (OptionsIndex::new(0), LoweringIndex::new(0));
    let ty = ComponentFuncTypeIndex::new(0);
    let function = |index| {
        CoreItem::Export(CoreRef::Index {
            instance: InstanceIndex::new(index),
            item: EntityIndex::Function(FuncIndex::new(0)),
        })
    };
    let lower = TrampolineKind::LowerImport { lowering, ty, options };
    ComponentDescription {
        types: types(),
        imports: vec![ComponentImport {
            version: VersionedName::parse(&name),
            name,
            ty: ItemType::Instance(ComponentInstanceTypeIndex::new(0)),
        }],
        leaves: vec![Leaf { import: ComponentImportIndex::new(0), path: vec!["f".into()] }],
        resources: vec![instance],
        component_instances: 1,
        trampolines: vec![Trampoline { ty: function_type(), kind: lower }],
        trap_codes: vec![(9, crate::trap::TrapCode::InvalidChar)],
        options: vec![CanonicalOptions {
            instance,
            encoding: StringEncoding::Utf8,
            memory: None,
            realloc: Some(ReallocSlot::new(0)),
            post_return: None,
            core_type: function_type(),
        }],
        steps: steps(&function),
        export_items: vec![
            ComponentExport::Function { ty, function: function(0), options },
            ComponentExport::Instance(vec![("run".into(), ComponentExportIndex::new(0))]),
        ],
        exports: vec![("wasi:cli/run@0.2.6".into(), ComponentExportIndex::new(1))],
        adapted: vec![AdaptedPreview1 { instance: InstanceIndex::new(1), leaves: vec![leaf] }],
        ..ComponentDescription::default()
    }
}

#[test]
fn what_is_encoded_is_decoded_and_consistent() {
    let component = sample();
    let decoded = ComponentDescription::decode(&component.encode()).unwrap();
    assert_eq!(decoded, component);
    assert_eq!(decoded.check(&modules()), Ok(()));
}

#[test]
fn damage_is_an_error_or_another_consistent_component() {
    let (bytes, modules) = (sample().encode(), modules());
    for len in 0..bytes.len() {
        assert!(ComponentDescription::decode(&bytes[..len]).is_err(), "cut to {len} bytes");
    }
    let mut refused = 0;
    for at in 0..bytes.len() {
        for value in 0..=u8::MAX {
            let mut damaged = bytes.clone();
            damaged[at] = value;
            let checked =
                ComponentDescription::decode(&damaged).map(|component| component.check(&modules));
            refused += usize::from(!matches!(checked, Ok(Ok(()))));
        }
    }
    assert!(refused > bytes.len() * 100, "only {refused} of {} refused", bytes.len() * 256);
}

#[test]
fn another_version_is_refused_with_the_remedy() {
    let mut bytes = sample().encode();
    bytes[0] = 99;
    let error = ComponentDescription::decode(&bytes).unwrap_err().to_string();
    assert!(
        error.contains("version 99") && error.contains("compile the component again"),
        "{error}"
    );
}

fn refused(change: impl FnOnce(&mut ComponentDescription), why: &str) {
    let mut component = sample();
    change(&mut component);
    let error = component.check(&modules()).unwrap_err();
    assert!(error.contains(why), "{error:?}, not {why:?}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let own = ComponentVal::Composite(ComponentTypeIndex::new(1));
    refused(|c| c.types.values[1] = CompositeVal::List(own), "refers to type 1");
    refused(
        |c| {
            let nest =
                |index| CompositeVal::List(ComponentVal::Composite(ComponentTypeIndex::new(index)));
            c.types.values.extend((9..120).map(nest));
        },
        "nested more than 100 deep",
    );
    refused(|c| c.steps.swap(1, 2), "core instance 0, but there are 0");
    refused(|c| drop(c.steps.remove(0)), "lowering 0, but there are 0");
    refused(|c| drop(c.steps.pop()), "not every defined resource has a step");
    refused(
        |c| {
            let flags = CoreItem::Flags(ComponentInstanceIndex::new(0));
            let Step::Instantiate { arguments, .. } = &mut c.steps[1] else { unreachable!() };
            arguments[0] = flags;
        },
        "a global for a function",
    );
    refused(
        |c| {
            let Step::Instantiate { arguments, .. } = &mut c.steps[1] else { unreachable!() };
            arguments.clear();
        },
        "0 arguments for 1 imports",
    );
    refused(|c| c.export_items.swap(0, 1), "earlier export 0");
    refused(|c| c.adapted[0].instance = InstanceIndex::new(2), "core instance 2, but there are 2");
    refused(|c| c.adapted[0].leaves.push(LeafIndex::new(1)), "imported item 1, but there are 1");
    refused(|c| c.exports.push(("a".into(), ComponentExportIndex::new(0))), "not in order");
}
