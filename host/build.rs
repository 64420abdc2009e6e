//! The migrations are part of the program: it is built anew if one of them changes.

fn main() {
    println!("cargo::rerun-if-changed=../migrations");
}
