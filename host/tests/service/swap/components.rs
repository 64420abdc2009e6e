//! Components that are made for a test: the default login policy, and what was changed about it.

use auth_host::contract::Slot;
use auth_host::contract::manifest::SECTION;
use auth_host::policy::{admission, pack};
use serde_json::Value;
use wasm_encoder::{
    Alias, CanonicalFunctionSection, CodeSection, ComponentAliasSection, ComponentExportKind,
    ComponentSection as _, ComponentSectionId, CustomSection, Encode as _, ExportKind, Function,
    FunctionSection, InstanceSection, Module, ModuleArg, RawSection, TypeSection, ValType,
};
use wasmparser::{ComponentTypeRef, Parser, Payload, Validator};

use crate::support::{guest, policy};

/// A component without its manifest, which is its last section.
pub(super) fn without_manifest(component: &[u8]) -> Vec<u8> {
    let name =
        component.windows(SECTION.len()).rposition(|window| window == SECTION.as_bytes()).unwrap();
    let cut = (2..8)
        .map(|before| name - before)
        .find(|cut| pack::sections(&component[..*cut]).is_ok_and(|found| found.is_empty()));
    component[..cut.unwrap()].to_vec()
}

/// A component with a section for its manifest, whatever it holds.
pub(super) fn with_section(component: &[u8], text: &[u8]) -> Vec<u8> {
    let mut component = component.to_vec();
    component.push(ComponentSectionId::CoreCustom.into());
    CustomSection { name: SECTION.into(), data: text.into() }.encode(&mut component);
    component
}

pub(super) fn manifest(slot: Slot) -> Value {
    serde_json::to_value(admission::inspect(&policy(slot)).unwrap().manifest).unwrap()
}

/// The default login policy with another manifest.
pub(crate) fn with_manifest(change: impl FnOnce(&mut Value)) -> Vec<u8> {
    let mut manifest = manifest(Slot::Login);
    change(&mut manifest);
    with_section(&without_manifest(&policy(Slot::Login)), manifest.to_string().as_bytes())
}

/// A component that asks for this in its manifest, and is the same otherwise.
pub(crate) fn asking(component: &[u8], asks: Value) -> Vec<u8> {
    let mut manifest: Value =
        serde_json::from_slice(pack::sections(component).unwrap()[0]).unwrap();
    manifest["asks"] = asks;
    with_section(&without_manifest(component), manifest.to_string().as_bytes())
}

pub(crate) fn from_wat(text: &str) -> Vec<u8> {
    with_section(&wat::parse_str(text).unwrap(), manifest(Slot::Login).to_string().as_bytes())
}

/// The default login policy with more core modules, which are instantiated with it.
pub(crate) fn with_modules(texts: &[&str]) -> Vec<u8> {
    let modules: Vec<Vec<u8>> = texts.iter().map(|text| wat::parse_str(text).unwrap()).collect();
    with_binary_modules(&modules)
}

fn with_binary_modules(modules: &[Vec<u8>]) -> Vec<u8> {
    let mut component = without_manifest(&policy(Slot::Login));
    for module in modules {
        add_instance(&mut component, module, &[]);
    }
    with_section(&component, manifest(Slot::Login).to_string().as_bytes())
}

fn add_instance(component: &mut Vec<u8>, module: &[u8], arguments: &[(&str, ModuleArg)]) {
    let number = Validator::new().validate_all(component).unwrap().as_ref().module_count();
    RawSection { id: ComponentSectionId::CoreModule.into(), data: module }
        .append_to_component(component);
    let mut instances = InstanceSection::new();
    instances.instantiate(number, arguments.iter().map(|(name, argument)| (*name, *argument)));
    instances.append_to_component(component);
}

/// A login policy that knows the clock, with a start function that asks for the time.
pub(super) fn calling_the_host_at_its_start() -> Vec<u8> {
    let mut component = without_manifest(&guest("writes_then_accepts"));
    let clock = imported_instance(&component, "auth:policy/clock@");
    let types = Validator::new().validate_all(&component).unwrap();
    let types = types.as_ref();
    let (now, lowered) = (types.component_function_count(), types.function_count());
    let exports = types.core_instance_count();

    let mut alias = ComponentAliasSection::new();
    let kind = ComponentExportKind::Func;
    alias.alias(Alias::InstanceExport { instance: clock, kind, name: "now" });
    alias.append_to_component(&mut component);
    let mut lower = CanonicalFunctionSection::new();
    lower.lower(now, []);
    lower.append_to_component(&mut component);
    let mut instances = InstanceSection::new();
    instances.export_items([("now", ExportKind::Func, lowered)]);
    instances.append_to_component(&mut component);
    let text = r#"(module (import "host" "now" (func $now (result i64)))
        (func $start (drop (call $now))) (start $start))"#;
    let host = ModuleArg::Instance(exports);
    add_instance(&mut component, &wat::parse_str(text).unwrap(), &[("host", host)]);
    with_section(&component, manifest(Slot::Login).to_string().as_bytes())
}

/// The number of an instance that a component imports. Instances are all that policies import.
fn imported_instance(component: &[u8], name: &str) -> u32 {
    let mut number = 0;
    for payload in Parser::new(0).parse_all(component) {
        let Payload::ComponentImportSection(imports) = payload.unwrap() else { continue };
        for import in imports {
            let import = import.unwrap();
            if import.name.name.starts_with(name) {
                return number;
            }
            if matches!(import.ty, ComponentTypeRef::Instance(_)) {
                number += 1;
            }
        }
    }
    panic!("{name} is not imported")
}

/// The default login policy with a module that takes a minute and more to compile: many functions,
/// each of a size that takes little memory.
pub(crate) fn slow_to_compile() -> Vec<u8> {
    with_binary_modules(&[functions(2400, 1500)])
}

/// The default login policy with a module that takes a gigabyte and more to compile: one function,
/// as large as the engine allows.
pub(super) fn large_to_compile() -> Vec<u8> {
    with_binary_modules(&[functions(1, 700_000)])
}

/// Functions that cannot be made shorter by a compiler that does not know their argument.
fn functions(number: u32, steps: u32) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I64], [ValType::I64]);
    let mut body = Function::new([(1, ValType::I64)]);
    let mut instructions = body.instructions();
    instructions.local_get(0);
    for step in 0..steps {
        instructions.local_get(0).i64_const(i64::from(step) | 1).i64_rotl().i64_mul();
    }
    instructions.end();
    let (mut declared, mut code) = (FunctionSection::new(), CodeSection::new());
    for _ in 0..number {
        declared.function(0);
        code.function(&body);
    }
    let mut module = Module::new();
    module.section(&types).section(&declared).section(&code);
    module.finish()
}
