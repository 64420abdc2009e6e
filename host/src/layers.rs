//! Reads the code of the host, and fails if an import points upward or in a circle. The layers are
//! those of the table in `docs/architecture.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A path of modules below the crate, without `crate`.
type ModulePath = Vec<String>;

/// A file of the host, as its module.
struct File {
    module: ModulePath,
    /// What it declares and imports, without its tests and comments.
    code: String,
    is_folder: bool,
}

#[test]
fn imports_point_downward() {
    let layers = layers();
    let files = files();
    let top = |file: &File| file.module.first().cloned();
    for file in files.iter().filter(|file| !file.module.is_empty()) {
        let name = top(file).unwrap();
        let own = *layers.get(&name).unwrap_or_else(|| panic!("{name} has no layer"));
        for path in paths(file) {
            let imported = &path[0];
            let Some(other) = layers.get(imported) else { continue };
            assert!(
                *other <= own,
                "{} (layer {own}) imports crate::{} (layer {other}): imports point downward",
                file.module.join("::"),
                path.join("::"),
            );
        }
    }
}

#[test]
fn every_module_has_a_layer_and_every_layer_its_modules() {
    let modules: BTreeSet<String> =
        files().iter().filter_map(|file| file.module.first().cloned()).collect();
    let named: BTreeSet<String> = layers().into_keys().collect();
    assert_eq!(modules, named, "the table of layers in docs/architecture.md");
}

#[test]
fn no_two_modules_of_a_folder_import_each_other() {
    let files = files();
    let folders = files.iter().filter(|file| file.is_folder);
    for folder in folders {
        let graph = graph(&folder.module, &files);
        if let Some(circle) = circle(&graph) {
            let name =
                if folder.module.is_empty() { "src".into() } else { folder.module.join("/") };
            panic!("modules of {name} import one another in a circle: {}", circle.join(" -> "));
        }
    }
}

#[test]
fn files_have_at_most_300_lines() {
    for file in sources(&source_folder()) {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        assert!(
            lines <= 300,
            "{} has {lines} lines: one of its halves wants a name",
            file.display()
        );
    }
}

/// The layer of each top-level module, as the documentation names them.
fn layers() -> BTreeMap<String, u32> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/architecture.md");
    let text = fs::read_to_string(file).unwrap();
    let section = text.split("\n## Layers\n").nth(1).expect("a section \"Layers\"");
    let rows = section.split("\n## ").next().unwrap().lines().filter_map(|line| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?.parse::<u32>().ok()?, cells.next()?.to_owned()))
    });
    rows.flat_map(|(layer, modules)| {
        let names = modules.split(',').map(|name| name.trim().trim_matches('`').to_owned());
        names.map(move |name| (name, layer)).collect::<Vec<_>>()
    })
    .collect()
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All files but those of tests.
fn files() -> Vec<File> {
    let root = source_folder();
    let mut files = Vec::new();
    for path in sources(&root) {
        let mut module: ModulePath = path
            .strip_prefix(&root)
            .unwrap()
            .with_extension("")
            .iter()
            .map(|part| part.to_str().unwrap().to_owned())
            .collect();
        let name = module.last().unwrap().clone();
        if name == "tests" || module == ["layers"] || module == ["main"] {
            continue;
        }
        let is_folder = name == "mod" || module == ["lib"];
        if is_folder {
            module.pop();
        }
        let text = fs::read_to_string(&path).unwrap();
        let without_comments: String =
            text.lines().map(|line| line.split("//").next().unwrap().to_owned() + "\n").collect();
        let code = without_comments.split("#[cfg(test)]\nmod tests {").next().unwrap().to_owned();
        files.push(File { module, code, is_folder });
    }
    files
}

/// Every path within the crate that a file names, from the crate's root on.
fn paths(file: &File) -> Vec<ModulePath> {
    let mut found = Vec::new();
    let mut parent = file.module.clone();
    if !file.is_folder {
        parent.pop();
    }
    let folder = if file.is_folder { &file.module } else { &parent };
    let mut grandparent = folder.clone();
    grandparent.pop();
    let above = if file.is_folder { &grandparent } else { folder };
    for (mark, base) in [("crate::", &Vec::new()), ("super::", above)] {
        for (start, _) in file.code.match_indices(mark) {
            let before = file.code[..start].chars().next_back();
            if before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let mut rest = &file.code[start + mark.len()..];
            let mut base = base.clone();
            while let Some(further) = rest.strip_prefix("super::") {
                base.pop();
                rest = further;
            }
            for tail in expand(rest) {
                found.push(base.iter().cloned().chain(tail).collect());
            }
        }
    }
    if file.is_folder {
        // A re-export names its file without `self`.
        for (start, _) in file.code.match_indices("use ") {
            let tails = expand(&file.code[start + 4..]);
            found.extend(
                tails
                    .into_iter()
                    .map(|tail| file.module.iter().cloned().chain(tail).collect::<ModulePath>()),
            );
        }
    }
    found.retain(|path| !path.is_empty());
    found
}

/// The paths of `a::{b, c::d}`, up to where the text stops being a path.
fn expand(text: &str) -> Vec<ModulePath> {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if !name.is_empty() {
        let tails = rest.strip_prefix("::").map(expand).filter(|tails| !tails.is_empty());
        let tails = tails.unwrap_or_else(|| vec![Vec::new()]);
        let with_name = |tail: ModulePath| [vec![name.to_owned()], tail].concat();
        return tails.into_iter().map(with_name).collect();
    }
    let Some(group) = rest.strip_prefix('{') else { return Vec::new() };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (place, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth == 0 => {
                found.extend(expand(group[start..place].trim_start()));
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                found.extend(expand(group[start..place].trim_start()));
                start = place + 1;
            }
            _ => {}
        }
    }
    found
}

/// Which children of a folder import which.
fn graph(folder: &[String], files: &[File]) -> BTreeMap<String, BTreeSet<String>> {
    let depth = folder.len();
    let below = |path: &[String]| path.len() > depth && path[..depth] == *folder;
    let own = files.iter().find(|file| file.is_folder && file.module == folder).unwrap();
    let children: BTreeSet<&String> =
        files.iter().filter(|file| below(&file.module)).map(|file| &file.module[depth]).collect();
    let origin = exports(own);
    let mut graph: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| below(&file.module) || file.module == *folder) {
        let from = match file.module.get(depth) {
            Some(child) => child.clone(),
            None if has_code(own) => "mod".to_owned(),
            None => continue,
        };
        for path in paths(file).iter().filter(|path| below(path)) {
            let name = &path[depth];
            let imported = if children.contains(name) {
                name.clone()
            } else {
                origin.get(name).cloned().unwrap_or_else(|| "mod".to_owned())
            };
            if imported != from {
                graph.entry(from.clone()).or_default().insert(imported);
            }
        }
    }
    graph
}

/// The names that a `mod.rs` hands on, and the child that each comes from.
fn exports(folder: &File) -> BTreeMap<String, String> {
    let uses = folder.code.match_indices("use ").flat_map(|(at, _)| expand(&folder.code[at + 4..]));
    uses.filter(|path| path.len() > 1 && path[0] != "crate" && path[0] != "super")
        .map(|path| (path.last().unwrap().clone(), path[0].clone()))
        .collect()
}

/// Whether a `mod.rs` does more than declare and re-export.
fn has_code(folder: &File) -> bool {
    let lines = folder.code.lines().map(str::trim);
    lines.into_iter().any(|line| {
        ["fn ", "struct ", "enum ", "impl ", "const ", "static ", "trait ", "type "].iter().any(
            |word| line.trim_start_matches("pub ").trim_start_matches("async ").starts_with(word),
        )
    })
}

fn circle(graph: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn walk(
        graph: &BTreeMap<String, BTreeSet<String>>,
        way: &mut Vec<String>,
        done: &mut BTreeSet<String>,
    ) -> Option<Vec<String>> {
        let here = way.last().unwrap().clone();
        for next in graph.get(&here).into_iter().flatten() {
            if let Some(start) = way.iter().position(|before| before == next) {
                return Some([&way[start..], std::slice::from_ref(next)].concat());
            }
            if !done.contains(next) {
                way.push(next.clone());
                if let Some(found) = walk(graph, way, done) {
                    return Some(found);
                }
                way.pop();
            }
        }
        done.insert(here);
        None
    }
    let mut done = BTreeSet::new();
    graph.keys().find_map(|start| walk(graph, &mut vec![start.clone()], &mut done))
}
