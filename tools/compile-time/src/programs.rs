//! The programs that are compared.
#![allow(
    clippy::format_push_string,
    reason = "programs are written once, and read by people"
)]

use clap::ValueEnum;

/// Programs that differ in one thing only; the first of them does without static-call.
#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Family {
    Sites,
    Calls,
    Trait,
}

pub(crate) struct Program {
    /// Of its package.
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) source: String,
    pub(crate) sites: u32,
    /// It has what those with sites have, but for the sites.
    pub(crate) is_base_of_sizes: bool,
}

impl Program {
    pub(crate) fn lines(&self) -> usize {
        self.source.lines().count()
    }
}

impl Family {
    pub(crate) const ALL: [Family; 3] = [Family::Sites, Family::Calls, Family::Trait];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Family::Sites => "Calls among other code",
            Family::Calls => "Nothing but calls",
            Family::Trait => "One large trait",
        }
    }

    /// Of the packages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Family::Sites => "sites",
            Family::Calls => "calls",
            Family::Trait => "trait",
        }
    }

    pub(crate) fn programs(self, sites: u32, methods: u32) -> Vec<Program> {
        match self {
            Family::Sites => with_calls(sites, true),
            Family::Calls => with_calls(sites, false),
            Family::Trait => large_traits(methods),
        }
    }
}

/// What stands where a program calls.
#[derive(Clone, Copy, PartialEq)]
enum Call {
    /// No trait is annotated.
    Unannotated,
    Plain,
    Site,
    /// With a list of so many types.
    Listed(u32),
}

/// Traits among which the calls are spread, methods of each, and types of each.
const TRAITS: u32 = 20;
const METHODS: u32 = 5;
const TYPES: u32 = 4;

/// How much of the other code of the functions stands there: enough for a call in every
/// twenty lines or so.
const LINES_OF_OTHER_CODE: &str = r#"    let mut words: Vec<String> = Vec::new();
    for word in text.split_whitespace().filter(|word| word.len() > NUMBER % 7) {
        match word.parse::<u64>() {
            Ok(number) if number % 2 == 0 => sum = sum.wrapping_mul(number | 1),
            Ok(number) => words.push(format!("{number:x}-NUMBER")),
            Err(_) => words.push(word.to_uppercase()),
        }
    }
    words.sort_by(|left, right| right.len().cmp(&left.len()).then(left.cmp(right)));
    words.dedup();
    if let Some(longest) = words.first() {
        sum ^= longest.bytes().fold(NUMBER, |hash: u64, byte| hash.rotate_left(5) ^ u64::from(byte));
    }
"#;

fn with_calls(sites: u32, among_other_code: bool) -> Vec<Program> {
    let program = |name, title, call| Program {
        name,
        title,
        source: source(sites, call, among_other_code),
        sites: match call {
            Call::Site | Call::Listed(_) => sites,
            Call::Unannotated | Call::Plain => 0,
        },
        is_base_of_sizes: call == Call::Plain,
    };
    vec![
        program("plain", "plain", Call::Unannotated),
        program("annotated", "traits annotated, calls plain", Call::Plain),
        program("called", "`static_call!`", Call::Site),
        program("listed-one", "the same, one type listed", Call::Listed(1)),
        program("listed-two", "the same, two types listed", Call::Listed(2)),
    ]
}

fn source(sites: u32, call: Call, among_other_code: bool) -> String {
    let annotated = call != Call::Unannotated;
    let mut out = String::new();
    match call {
        Call::Unannotated => {}
        Call::Plain => out += "use static_call::static_dispatch;\n\n",
        Call::Site | Call::Listed(_) => {
            out += "use static_call::{static_call, static_dispatch};\n\n";
        }
    }
    for number in 0..TRAITS {
        let attribute = if annotated {
            "#[static_dispatch(targets = 2)]\n"
        } else {
            ""
        };
        out += &a_trait(attribute, number, METHODS);
    }
    for site in 0..sites {
        out += &function(site, call, among_other_code);
    }
    out += "fn main() {\n";
    if annotated {
        // The runtime is linked into all of them, or sizes would not compare.
        out += "    static_call::runtime::retarget().expect(\"patches, or says why not\");\n";
    }
    out += "    let mut sum = std::env::args().count() as u64;\n";
    for number in 0..TRAITS {
        let objects: Vec<_> = (0..TYPES)
            .map(|ty| format!("&Type{number}x{ty}({ty})"))
            .collect();
        out += &format!(
            "    let objects{number}: [&dyn Trait{number}; {TYPES}] = [{}];\n",
            objects.join(", ")
        );
    }
    for site in 0..sites {
        out += &format!(
            "    sum = call{site}(std::hint::black_box(&objects{}[..]), sum, \"1 two 3 four\");\n",
            site % TRAITS
        );
    }
    out += "    println!(\"{sum}\");\n}\n";
    out
}

/// A function with one call.
fn function(site: u32, call: Call, among_other_code: bool) -> String {
    let number = site % TRAITS;
    let method = site / TRAITS % METHODS;
    let arguments = match method {
        0 | 3 => "sum".to_owned(),
        1 => "sum, text".to_owned(),
        2 => format!("sum, ({site}, 1)"),
        _ => "sum, text.as_bytes(), 0.5".to_owned(),
    };
    let plain = format!("object.method{method}({arguments})");
    let list = |length: u32| {
        let types: Vec<_> = (0..length).map(|ty| format!("Type{number}x{ty}")).collect();
        types.join(", ")
    };
    let written = match call {
        Call::Unannotated | Call::Plain => plain,
        Call::Site => format!("static_call!({plain})"),
        Call::Listed(length) => format!("static_call!({plain}, inline = [{}])", list(length)),
    };
    let result = if method == 3 {
        format!("{written}.unwrap_or(1)")
    } else {
        written
    };
    let other = if among_other_code {
        LINES_OF_OTHER_CODE.replace("NUMBER", &site.to_string())
    } else {
        String::new()
    };
    format!(
        "#[inline(never)]\nfn call{site}(objects: &[&dyn Trait{number}], mut sum: u64, text: &str) \
         -> u64 {{\n{other}    for object in objects {{\n        sum ^= {result};\n    }}\n    \
         sum ^ text.len() as u64 ^ {site}\n}}\n\n"
    )
}

/// The trait, and its implementations, whose bodies are a few instructions.
fn a_trait(attribute: &str, number: u32, methods: u32) -> String {
    let mut out = format!("{attribute}trait Trait{number} {{\n");
    for method in 0..methods {
        out += &format!("    {};\n", signature(method));
    }
    out += "}\n\n";
    for ty in 0..TYPES {
        out += &format!(
            "struct Type{number}x{ty}(u64);\n\nimpl Trait{number} for Type{number}x{ty} {{\n"
        );
        for method in 0..methods {
            let body = match method % METHODS {
                0 => format!("(self.0 ^ x).rotate_left({ty})"),
                1 => format!("self.0 ^ x ^ text.len() as u64 ^ {ty}"),
                2 => format!("self.0 ^ x ^ u64::from(pair.0 ^ pair.1) ^ {ty}"),
                3 => format!("x.checked_add(self.0 ^ {ty})"),
                _ => format!("self.0 ^ x ^ bytes.len() as u64 ^ scale.to_bits() ^ {ty}"),
            };
            out += &format!("    {} {{\n        {body}\n    }}\n", signature(method));
        }
        out += "}\n\n";
    }
    out
}

fn signature(method: u32) -> String {
    let (arguments, result) = match method % METHODS {
        0 => ("x: u64", "u64"),
        1 => ("x: u64, text: &str", "u64"),
        2 => ("x: u64, pair: (u32, u32)", "u64"),
        3 => ("x: u64", "Option<u64>"),
        _ => ("x: u64, bytes: &[u8], scale: f64", "u64"),
    };
    format!("fn method{method}(&self, {arguments}) -> {result}")
}

/// No site; each method is called once, so that nothing is dead.
fn large_traits(methods: u32) -> Vec<Program> {
    let program = |name, title, attribute: &str, object| {
        let mut out = String::new();
        if !attribute.is_empty() {
            out += "use static_call::static_dispatch;\n\n";
        }
        out += &a_trait(attribute, 0, methods);
        out += "fn main() {\n";
        if !attribute.is_empty() {
            out += "    static_call::runtime::retarget().expect(\"patches, or says why not\");\n";
        }
        out += "    let mut sum = std::env::args().count() as u64;\n";
        for ty in 0..TYPES {
            out += &format!("    sum = all(&Type0x{ty}({ty}), sum, \"text\");\n");
        }
        out += "    println!(\"{sum}\");\n}\n\n";
        out += &format!("fn all(object: &dyn {object}, mut sum: u64, text: &str) -> u64 {{\n");
        for method in 0..methods {
            let arguments = match method % METHODS {
                0 => "sum",
                1 => "sum, text",
                2 => "sum, (2, 1)",
                3 => "sum).unwrap_or(1",
                _ => "sum, text.as_bytes(), 0.5",
            };
            out += &format!("    sum ^= object.method{method}({arguments});\n");
        }
        out += "    sum\n}\n";
        Program {
            name,
            title,
            source: out,
            sites: 0,
            is_base_of_sizes: false,
        }
    };
    vec![
        program("plain", "plain", "", "Trait0"),
        program(
            "annotated",
            "annotated, all methods",
            "#[static_dispatch(targets = 2)]\n",
            "Trait0",
        ),
        program(
            "with-object",
            "annotated, all methods, `object`",
            "#[static_dispatch(targets = 2, object = Fast)]\n",
            "Fast",
        ),
    ]
}
