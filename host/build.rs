//! The migrations are part of the program: it is built anew where one of them changes.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
