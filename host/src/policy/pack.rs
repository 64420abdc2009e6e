//! Packing: core module in, component with its manifest out; and finding the manifest again. Only a
//! manifest that keeps every rule is packed. Nothing here knows admission, which uses it.

use wasm_encoder::{ComponentSectionId, Encode as _};
use wasmparser::{Parser, Payload};

use crate::contract::manifest::{self, Manifest};

/// Makes a component from a core module that wit-bindgen built (or takes a component as it is) and
/// appends the manifest.
pub fn pack(module_or_component: &[u8], manifest_text: &[u8]) -> anyhow::Result<Vec<u8>> {
    Manifest::read(manifest_text).map_err(|faults| {
        let lines = faults.iter().map(|fault| format!("\n  {fault}\n    {}", fault.remedy()));
        anyhow::anyhow!("the manifest would be refused:{}", lines.collect::<String>())
    })?;
    let mut component = if Parser::is_component(module_or_component) {
        module_or_component.to_vec()
    } else {
        let mut encoder = wit_component::ComponentEncoder::default();
        encoder.validate(true);
        encoder.module(module_or_component)?;
        encoder.encode()?
    };
    anyhow::ensure!(
        sections(&component)?.is_empty(),
        "the component has a manifest already; pack the module again"
    );
    let compact = serde_json::to_vec(&serde_json::from_slice::<serde_json::Value>(manifest_text)?)?;
    component.push(ComponentSectionId::CoreCustom.into());
    wasm_encoder::CustomSection { name: manifest::SECTION.into(), data: compact.into() }
        .encode(&mut component);
    Ok(component)
}

/// The manifest sections at the top level of a component.
pub fn sections(component: &[u8]) -> anyhow::Result<Vec<&[u8]>> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        match payload? {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::CustomSection(section)
                if depth == 0 && section.name() == manifest::SECTION =>
            {
                found.push(section.data());
            }
            _ => {}
        }
    }
    Ok(found)
}
