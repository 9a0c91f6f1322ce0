//! Keeps `docs/trampoline.md` true: its blocks of machine code are what the macros, the
//! encoder and the publisher make.
//!
//! `STATIC_CALL_DOCS=overwrite cargo test -p static-call --lib tests::page` writes them anew.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::ptr;

use iced_x86::{
    Code as Op, Decoder, DecoderOptions, Formatter, Instruction, IntelFormatter, SymbolResolver,
    SymbolResult,
};

use super::*;
use crate::site::{CallSite, DispatchedMethod, Gate, Keys, ListOfMethod, Place, Site};
use crate::static_dispatch;

/// Where the page's code lies: far from what is far from everything.
const BASE: usize = 0x5555_5560_0000;
const REST: usize = 0x100;
const FALLBACK: usize = 0x200;
const ARENA: usize = 0x1000;
const VTABLES: usize = 0x10_0000;
const SHIMS: usize = 0x20_0000;
/// Out of reach from everywhere.
const FAR: usize = 0x1234_5678_0000;
/// What a binding is bound to.
const OBJECT: usize = 0x30_0000;
/// As in a program that is not position-independent.
const LOW: usize = 0x40_8000;

#[static_dispatch(unsafe(crate = crate))]
trait Paged {
    #[static_dispatch(targets = 2)]
    fn paged(&self, x: u64) -> u64;
}

struct One;

impl Paged for One {
    fn paged(&self, x: u64) -> u64 {
        x + 1
    }
}

/// The path of a call, whose site is in no slice, so that nobody patches it.
fn path() -> Path {
    static PLACE: Place = Place::new("paged", file!(), line!(), column!());
    static SITE: Site = Site::new(&PLACE);
    static KEYS: Keys = Keys::new();

    struct At;

    // SAFETY: its own.
    unsafe impl CallSite for At {
        type Inline = ListOfMethod;

        fn site() -> &'static Site {
            &SITE
        }

        fn keys() -> &'static Keys {
            &KEYS
        }
    }

    crate::trampoline! { At }

    fn gate<M: DispatchedMethod>() -> Gate<At, M> {
        // SAFETY: its own.
        Gate::new(__trampoline::<M>, unsafe { crate::site::Own::new() })
    }

    let object: &dyn Paged = &One;
    let result = object.paged__needs_dyn_static_dispatch((gate(), 1));
    assert_eq!(result, 2);
    let paths = crate::key::trampolines().iter();
    let mut paths = paths.filter_map(crate::key::TrampolineRecord::path);
    paths
        .find(|path| ptr::eq((path.route.site)(), &raw const SITE))
        .expect("the call has a trampoline")
}

/// A copy of a trampoline at rest, with room for an arena behind it.
#[repr(C, align(4096))]
struct Block([u8; 2 * ARENA]);

struct Laboratory {
    at: usize,
    trampoline: Trampoline,
    publisher: Publisher,
}

/// Writes where it is told to, within a block.
struct Plain {
    block: Range<usize>,
}

impl CodeMemory for Plain {
    fn exchange_whole(&mut self, _: usize) {}

    unsafe fn replace_again(&mut self, edit: &Edit<'_>) -> Result<(), PatchError> {
        // SAFETY: the caller's.
        unsafe { self.replace(std::slice::from_ref(edit)) }
    }

    unsafe fn replace(&mut self, edits: &[Edit<'_>]) -> Result<(), PatchError> {
        for edit in edits {
            let end = edit.at + edit.bytes.len();
            assert!(self.block.contains(&edit.at) && end <= self.block.end);
            let to = ptr::with_exposed_provenance_mut::<u8>(edit.at);
            // SAFETY: in the block, which was leaked for this, and which nobody refers to.
            unsafe { ptr::copy_nonoverlapping(edit.bytes.as_ptr(), to, edit.bytes.len()) };
        }
        Ok(())
    }

    fn reserve_near(&mut self, _: Range<usize>, _: usize) -> Result<Range<usize>, PatchError> {
        Ok(self.block.start + ARENA..self.block.end)
    }

    unsafe fn keep_together(&mut self, _: Range<usize>) {}

    fn forget(&mut self, _: &Range<usize>) {}

    fn is_code(&mut self, _: usize) -> bool {
        true
    }

    fn barrier(&mut self) -> Result<(), PatchError> {
        Ok(())
    }
}

impl Laboratory {
    /// With the bytes that a real trampoline holds at rest; its jump leads to [`REST`].
    fn new(fallback: Option<usize>) -> Laboratory {
        let real = path();
        // SAFETY: a trampoline of this program, which nobody patches.
        let mut bytes: [u8; TRAMPOLINE_BYTES] =
            unsafe { ptr::read(ptr::with_exposed_provenance(real.trampoline)) };
        let head = arch::head_jump(real.trampoline, real.route.rest.addr()).unwrap();
        assert_eq!(bytes[..HEAD_BYTES], head, "at rest");
        let block = Box::leak(Box::new(Block([0xCC; 2 * ARENA])));
        let at = ptr::from_mut(block).expose_provenance();
        bytes[..HEAD_BYTES].copy_from_slice(&arch::head_jump(at, at + REST).unwrap());
        block.0[..TRAMPOLINE_BYTES].copy_from_slice(&bytes);
        let route = Box::leak(Box::new(Route::without_guards(
            &DECLARATION,
            0,
            ptr::without_provenance(at + REST),
            ptr::without_provenance(fallback.unwrap_or(at + FALLBACK)),
        )));
        let path = Path {
            route,
            trampoline: at,
        };
        let end = at + size_of::<Block>();
        Laboratory {
            at,
            trampoline: Trampoline::new(path),
            publisher: Publisher::new(Box::new(Plain { block: at..end })),
        }
    }

    /// The same for a method whose result is in memory.
    fn with_result_in_memory(mut self) -> Laboratory {
        let path = self.trampoline.path;
        let route = Box::leak(Box::new(Route {
            receiver: || Some(Receiver::BehindResult),
            site: path.route.site,
            ..Route::without_guards(
                path.route.declaration,
                0,
                path.route.rest,
                path.route.fallback,
            )
        }));
        self.trampoline = Trampoline::new(Path { route, ..path });
        self
    }

    /// The implementations of these letters, nearby.
    fn near(&self, letters: &str) -> Vec<Target> {
        let target = |letter: u8| {
            let number = usize::from(letter - b'A');
            Target {
                vtable: self.at + VTABLES + number * 0x40,
                shim: self.at + SHIMS + number * 0x40,
            }
        };
        letters.bytes().map(target).collect()
    }

    fn publish(mut self, targets: &[Target]) -> Laboratory {
        publish(&mut self.publisher, &mut self.trampoline, targets);
        self
    }

    fn bind(mut self, lead: Lead<'_>) -> Laboratory {
        publish_lead(&mut self.publisher, &mut self.trampoline, lead);
        self
    }

    /// What its head leads to, and all that lies in the trampoline.
    fn shown(&self) -> String {
        let mut text = self.disassembled("trampoline", self.at, TRAMPOLINE_BYTES);
        if let Head::Chain(chain) = self.trampoline.head {
            assert!(chain.is_multiple_of(arch::CHAIN_ALIGN));
            let (_, bytes) = self.publisher.chains();
            text += "\n";
            text += &self.disassembled("chain", chain, bytes);
        }
        text
    }

    fn disassembled(&self, name: &str, start: usize, length: usize) -> String {
        // SAFETY: in the block, which nobody writes at the moment.
        let bytes: &[u8] =
            unsafe { std::slice::from_raw_parts(ptr::with_exposed_provenance(start), length) };
        disassembled(name, start - self.at + BASE, bytes)
    }
}

/// Names what lies at an address of the page.
struct Names;

impl SymbolResolver for Names {
    fn symbol(
        &mut self,
        _: &Instruction,
        _: u32,
        _: Option<u32>,
        address: u64,
        _: u32,
    ) -> Option<SymbolResult<'_>> {
        let name = name_of(usize::try_from(address).ok()?)?;
        Some(SymbolResult::with_string(address, name))
    }
}

fn name_of(address: usize) -> Option<String> {
    let letter = |from: usize| {
        let number = address.checked_sub(from)? / 0x40;
        let letter = b'A' + u8::try_from(number).ok().filter(|&number| number < 26)?;
        Some(char::from(letter))
    };
    let known = HashMap::from([
        (BASE, "trampoline"),
        (BASE + REST, "rest"),
        (BASE + FALLBACK, "fallback"),
        (BASE + ARENA, "chain"),
        (FAR, "far_fallback"),
        (FAR + VTABLES, "far_vtable"),
        (FAR + SHIMS, "far_shim"),
        (LOW, "low_vtable"),
        (BASE + OBJECT, "object"),
        (FAR + OBJECT, "far_object"),
    ]);
    if let Some(name) = known.get(&address) {
        return Some((*name).to_owned());
    }
    if (BASE..BASE + TRAMPOLINE_BYTES).contains(&address) {
        return Some(format!("trampoline+{:02x}", address - BASE));
    }
    letter(BASE + VTABLES)
        .map(|letter| format!("vtable_of_{letter}"))
        .or_else(|| letter(BASE + SHIMS).map(|letter| format!("shim_of_{letter}")))
}

/// One instruction a line: where it lies, its bytes, and what it does.
fn disassembled(name: &str, start: usize, bytes: &[u8]) -> String {
    let mut text = String::new();
    let mut line = |offset: usize, bytes: &str, what: &str| {
        writeln!(text, "{name}+{offset:02x}  {bytes:30}{what}").expect("a string takes it");
    };
    let mut formatter = IntelFormatter::with_options(Some(Box::new(Names)), None);
    formatter.options_mut().set_rip_relative_addresses(true);
    formatter.options_mut().set_hex_prefix("0x");
    formatter.options_mut().set_hex_suffix("");
    formatter
        .options_mut()
        .set_space_after_operand_separator(true);
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut at = 0;
    while at < bytes.len() {
        if let breakpoints @ 2.. = bytes[at..].iter().take_while(|byte| **byte == 0xCC).count() {
            line(at, &format!("cc ({breakpoints} times)"), "int3");
            at += breakpoints;
            continue;
        }
        let address = (start + at) as u64;
        let decoded = Decoder::with_ip(64, &bytes[at..], address, DecoderOptions::NONE).decode();
        let end = at + decoded.len();
        let mut what = String::new();
        formatter.format(&decoded, &mut what);
        line(at, &hex(&bytes[at..end]), &what);
        at = end;
        if decoded.code() == Op::Jmp_rm64 {
            let (data, _) = bytes[at..].split_first_chunk().expect("an address follows");
            let address = usize::from_le_bytes(*data);
            let what = name_of(address).unwrap_or_else(|| format!("{address:#x}"));
            line(at, &hex(data), &format!(".quad {what}"));
            at += data.len();
        }
    }
    text
}

fn hex(bytes: &[u8]) -> String {
    let bytes: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    bytes.join(" ")
}

/// What `rest` holds, by its real bytes, as if it lay at [`REST`].
fn rest() -> String {
    let route = path().route;
    let at = route.rest.addr();
    // SAFETY: a function of this program, of one instruction of five bytes.
    let bytes: [u8; 5] = unsafe { ptr::read(ptr::with_exposed_provenance(at)) };
    let jump = arch::head_jump(at, route.fallback.addr()).unwrap();
    assert_eq!(bytes, jump[..5], "a jump to the fallback");
    let jump = arch::head_jump(BASE + REST, BASE + FALLBACK).unwrap();
    disassembled("rest", BASE + REST, &jump[..5])
}

/// Every block of the page, by its name there.
fn blocks() -> Vec<(&'static str, String)> {
    let new = || Laboratory::new(None);
    let near = |letters| {
        let laboratory = new();
        let targets = laboratory.near(letters);
        laboratory.publish(&targets)
    };
    let one = |vtable: Option<usize>, shim: Option<usize>, fallback| {
        let laboratory = Laboratory::new(fallback);
        let near = laboratory.near("A")[0];
        laboratory.publish(&[Target {
            vtable: vtable.unwrap_or(near.vtable),
            shim: shim.unwrap_or(near.shim),
        }])
    };
    let far_vtable = Some(FAR + VTABLES);
    let bound = |data: Option<usize>| {
        let laboratory = new();
        let lead = Lead::Bound(Bound {
            data: data.unwrap_or(laboratory.at + OBJECT),
            shim: laboratory.near("A")[0].shim,
        });
        laboratory.bind(lead)
    };
    let wide = || {
        let laboratory = new().with_result_in_memory();
        let targets = laboratory.near("A");
        laboratory.publish(&targets)
    };
    let bound_wide = || {
        let laboratory = new().with_result_in_memory();
        let lead = Lead::Bound(Bound {
            data: laboratory.at + OBJECT,
            shim: laboratory.near("A")[0].shim,
        });
        laboratory.bind(lead)
    };
    vec![
        ("at rest", new().shown() + "\n" + &rest()),
        ("one target", near("A").shown()),
        ("a result in memory", wide().shown()),
        ("three targets", near("ABC").shown()),
        ("low vtable", one(Some(LOW), None, None).shown()),
        ("far vtable", one(far_vtable, None, None).shown()),
        (
            "all far",
            one(far_vtable, Some(FAR + SHIMS), Some(FAR)).shown(),
        ),
        ("four targets", near("ABCD").shown()),
        ("back at rest", near("A").publish(&[]).shown()),
        ("bound", bound(None).shown()),
        ("bound, a result in memory", bound_wide().shown()),
        ("bound far away", bound(Some(FAR + OBJECT)).shown()),
        ("bound to nothing", new().bind(Lead::Return).shown()),
    ]
}

/// The page with these blocks in place of its own.
fn with_blocks(page: &str, blocks: &[(&str, String)]) -> String {
    let mut page = page.to_owned();
    for (name, block) in blocks {
        let mark = format!("<!-- form: {name} -->\n```text\n");
        let start = page
            .find(&mark)
            .unwrap_or_else(|| panic!("the page lacks `{name}`"));
        let start = start + mark.len();
        let end = start + page[start..].find("```").expect("blocks end");
        page.replace_range(start..end, block);
    }
    page
}

#[test]
fn the_page_about_trampolines_shows_what_is_made() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/trampoline.md");
    let page = std::fs::read_to_string(file).unwrap();
    let blocks = blocks();
    let right = with_blocks(&page, &blocks);
    assert_eq!(
        page.matches("<!-- form: ").count(),
        blocks.len(),
        "a form that is not made"
    );
    if std::env::var("STATIC_CALL_DOCS").is_ok_and(|value| value == "overwrite") {
        std::fs::write(file, right).unwrap();
        return;
    }
    for (line, (is, should)) in page.lines().zip(right.lines()).enumerate() {
        assert_eq!(is, should, "docs/trampoline.md:{}", line + 1);
    }
    assert_eq!(page, right);
}

#[test]
fn chains_outside_of_trampolines_are_aligned_to_cache_lines_and_do_not_overlap() {
    let mut laboratory = Laboratory::new(None);
    let mut ends = Vec::new();
    for letters in ["ABCD", "BCDE", "ABCDEFGH", "DCBA", "ABCDEFGHIJKLM", "DEFG"] {
        let targets = laboratory.near(letters);
        laboratory = laboratory.publish(&targets);
        let Head::Chain(at) = laboratory.trampoline.head else {
            panic!("more than three targets do not fit");
        };
        assert!(at.is_multiple_of(64), "{at:#x}");
        assert!(ends.iter().all(|end| *end <= at), "{at:#x}");
        ends.push(at + 16 * letters.len() + 5);
    }
}
