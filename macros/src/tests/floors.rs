//! No file names one that names it back, on whatever way round.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::Visit;
use syn::{ItemUse, UseTree};

/// The modules, by their paths from the root of the crate, with their sources.
fn modules(folder: &Path, prefix: &str, found: &mut BTreeMap<String, syn::File>) {
    for entry in fs::read_dir(folder).expect("the sources are here") {
        let path = entry.expect("it can be read").path();
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.expect("a name").to_owned();
        if stem == "tests" || stem == "lib" {
            continue;
        }
        let module = match stem.as_str() {
            "mod" => prefix.trim_end_matches("::").to_owned(),
            _ => format!("{prefix}{stem}"),
        };
        if path.is_dir() {
            modules(&path, &format!("{module}::"), found);
        } else {
            let source = fs::read_to_string(&path).expect("it can be read");
            let file = syn::parse_file(&source).expect("it compiles");
            found.insert(module, file);
        }
    }
}

/// What a module names by `crate`, `super` or a child's name.
struct Named<'a> {
    module: &'a str,
    known: &'a BTreeSet<String>,
    found: BTreeSet<String>,
}

impl Named<'_> {
    fn path(&mut self, path: &[String]) {
        let parent = self
            .module
            .rsplit_once("::")
            .map_or("", |(parent, _)| parent);
        let from = match path.first().map(String::as_str) {
            Some("crate") => "",
            Some("super") => parent,
            Some("self") => self.module,
            // A child, as only `mod.rs` names one so.
            Some(_) => return self.longest(self.module, path),
            None => return,
        };
        self.longest(from, &path[1..]);
    }

    /// The innermost module that is on the way.
    fn longest(&mut self, from: &str, path: &[String]) {
        let mut at = from.to_owned();
        let mut innermost = self.known.contains(from).then(|| from.to_owned());
        for part in path {
            at = if at.is_empty() {
                part.clone()
            } else {
                format!("{at}::{part}")
            };
            if self.known.contains(&at) {
                innermost = Some(at.clone());
            }
        }
        self.found
            .extend(innermost.filter(|module| module != self.module));
    }

    fn tree(&mut self, tree: &UseTree, path: &mut Vec<String>) {
        match tree {
            UseTree::Path(inner) => {
                path.push(inner.ident.to_string());
                self.tree(&inner.tree, path);
                path.pop();
            }
            UseTree::Group(group) => group.items.iter().for_each(|one| self.tree(one, path)),
            UseTree::Name(name) => self.path(&[&path[..], &[name.ident.to_string()]].concat()),
            UseTree::Rename(name) => self.path(&[&path[..], &[name.ident.to_string()]].concat()),
            UseTree::Glob(_) => self.path(path),
        }
    }
}

impl Visit<'_> for Named<'_> {
    fn visit_item_mod(&mut self, item: &syn::ItemMod) {
        // Tests of its own may name what they like.
        if item.ident != "tests" {
            syn::visit::visit_item_mod(self, item);
        }
    }

    // `pub(super)`, which is not what it is about.
    fn visit_visibility(&mut self, _: &syn::Visibility) {}

    fn visit_item_use(&mut self, item: &ItemUse) {
        self.tree(&item.tree, &mut Vec::new());
    }

    fn visit_path(&mut self, path: &syn::Path) {
        let segments = path.segments.iter().map(|one| one.ident.to_string());
        self.path(&segments.collect::<Vec<_>>());
        syn::visit::visit_path(self, path);
    }
}

/// Whom each module names.
fn arrows() -> BTreeMap<String, BTreeSet<String>> {
    let mut files = BTreeMap::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    modules(&sources, "", &mut files);
    let known = files.keys().cloned().collect();
    let arrows = files.iter().map(|(module, file)| {
        let mut named = Named {
            module,
            known: &known,
            found: BTreeSet::new(),
        };
        named.visit_file(file);
        (module.clone(), named.found)
    });
    arrows.collect()
}

#[test]
fn no_file_names_one_that_names_it() {
    let mut left = arrows();
    assert!(left.len() > 20 && left["expand"].contains("expand::trait_"));
    assert!(left["expand::trait_"].contains("valid"));
    // Whoever names nobody that is left is on the lowest floor that is left.
    loop {
        let lowest: Vec<_> = left
            .iter()
            .filter(|(_, names)| names.iter().all(|name| !left.contains_key(name)))
            .map(|(module, _)| module.clone())
            .collect();
        if lowest.is_empty() {
            break;
        }
        left.retain(|module, _| !lowest.contains(module));
    }
    // What only stands above a circle is in none.
    let in_circles: Vec<_> = left
        .iter()
        .filter(|(module, _)| left.values().any(|names| names.contains(*module)))
        .map(|(module, names)| {
            let names: Vec<_> = names
                .iter()
                .filter(|name| left.contains_key(*name))
                .collect();
            format!("`{module}` names {names:?}")
        })
        .collect();
    assert!(
        left.is_empty(),
        "files name each other in a circle:\n{}",
        in_circles.join("\n")
    );
}
