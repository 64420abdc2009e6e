//! A good policy with code in it that nobody calls, and that takes long to compile.

use wasm_encoder::{
    CodeSection, ComponentSection as _, ComponentSectionId, Function, FunctionSection, Module,
    RawSection, TypeSection, ValType,
};

const STEPS: i64 = 10_000;
/// What one takes, more or less.
const FUNCTION_BYTES: usize = 10_000 * 12;

/// The same policy, and so much code.
pub(crate) fn slow_to_compile(policy: &[u8], mebibytes: usize) -> Vec<u8> {
    let mut types = TypeSection::new();
    types.ty().function([ValType::I64], [ValType::I64]);
    let (mut functions, mut code) = (FunctionSection::new(), CodeSection::new());
    for number in 0..(mebibytes << 20) / FUNCTION_BYTES {
        functions.function(0);
        code.function(&function(i64::try_from(number).unwrap()));
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    let module = module.finish();
    let mut component = policy.to_vec();
    RawSection { id: ComponentSectionId::CoreModule.into(), data: &module }
        .append_to_component(&mut component);
    component
}

/// Arithmetic that no compiler can make shorter: each step needs the one before.
fn function(seed: i64) -> Function {
    let mut function = Function::new([(8, ValType::I64)]);
    let mut steps = function.instructions();
    steps.local_get(0);
    for step in 0..STEPS {
        let local = u32::try_from(1 + step % 8).unwrap();
        steps.i64_const(seed * 7919 + step * 104_729 + 1).i64_mul();
        steps.local_get(local).i64_rotl().local_tee(local);
    }
    steps.end();
    function
}
