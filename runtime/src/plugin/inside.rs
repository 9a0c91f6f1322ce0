//! Nothing that a plugin names is touched before it is known to lie in the plugin.
//!
//! A manifest is made of addresses: of slices, of texts, of functions. Its header
//! says that the same macros wrote it, but a library can be damaged, linked by
//! hand, or made to mislead, and what lies elsewhere would also stay behind when
//! the plugin is unloaded. So every address is compared with the segments that the
//! loader mapped for the library, from the outside in, before it is followed.
//!
//! What the plugin's *code* does is not checked, for nothing can: loading it means
//! to trust it.

use std::fmt;
use std::io;
use std::ops::Range;
use std::sync::atomic::{AtomicU8, Ordering};

use super::manifest::{Contents, Header, Manifest};
use crate::bound::{BindingRecord, TrampolineOfBinding};
use crate::key::{KeyRecord, TrampolineRecord};
use crate::library::Constructor;
use crate::os::{Memory, Room, Segment};
use crate::registry::{Implementation, MethodDeclaration, TraitDeclaration};
use crate::site::{Guards, MOST_LISTED, Route, Site};
use crate::static_key::{PlaceRecord, StaticKeyRecord, StaticKeyState};

/// Something in a manifest that is not what it should be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misplaced {
    /// What it would have been.
    part: &'static str,
    /// Its address, or the value that is wrong.
    found: usize,
    fault: &'static str,
}

impl fmt::Display for Misplaced {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misplaced { part, found, fault } = self;
        write!(formatter, "{part} ({found:#x}) {fault}")
    }
}

/// What is done with what is named.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
    Call,
}

/// The header that a library's symbol leads to.
pub(super) fn header(at: *const Header, memory: &Memory) -> Result<Header, Misplaced> {
    let at = memory.one("the header", at, Use::Read)?;
    // SAFETY: a header is plain bytes, and they are readable memory of a library
    // that is loaded.
    Ok(unsafe { at.read() })
}

/// Whether the function that returns the manifest is the library's own.
pub(super) fn manifest_function(at: *const (), memory: &Memory) -> Result<(), Misplaced> {
    memory.code("the manifest's function", at)
}

/// All that a manifest names, once all of it was found in `memory`.
pub(super) fn contents(at: *const Manifest, memory: &Memory) -> Result<Contents, Misplaced> {
    let at = memory.one("the manifest", at, Use::Read)?;
    // SAFETY: its fields are raw pointers, for which any bits are valid, in
    // readable memory of a library that is loaded.
    let manifest = unsafe { at.read() };
    // Nothing else may lie where code is going to be.
    let memory = &memory.lend(manifest.room)?;
    let declarations = memory.slice("the traits", manifest.declarations, Use::Read)?;
    let sites = memory.slice("the call sites", manifest.sites, Use::Write)?;
    let keys = memory.slice("the call sites' keys", manifest.keys, Use::Read)?;
    let paths = memory.slice(
        "the call sites' trampolines",
        manifest.trampolines,
        Use::Read,
    )?;
    let constructors = memory.slice("the constructors", manifest.constructors, Use::Read)?;
    let registered = manifest.implementations;
    let registered = memory.slice("the implementations", registered, Use::Read)?;
    let bindings = memory.slice("the bindings", manifest.bindings, Use::Read)?;
    let trampolines = manifest.trampolines_of_bindings;
    let trampolines = memory.slice("the bindings' trampolines", trampolines, Use::Read)?;
    let static_keys = memory.slice("the static keys", manifest.static_keys, Use::Read)?;
    let places = memory.slice("the static keys' places", manifest.places, Use::Read)?;
    memory.code("the function that adopts", manifest.adopt)?;
    for index in 0..bindings.len() {
        memory.binding(nth(bindings, index))?;
    }
    for index in 0..trampolines.len() {
        memory.trampoline_of_binding(nth(trampolines, index), bindings)?;
    }
    for index in 0..static_keys.len() {
        memory.static_key(nth(static_keys, index))?;
    }
    for index in 0..places.len() {
        memory.place(nth(places, index), static_keys)?;
    }
    for index in 0..declarations.len() {
        memory.declaration(nth(declarations, index))?;
    }
    for index in 0..sites.len() {
        memory.site(nth(sites, index))?;
    }
    for index in 0..keys.len() {
        memory.key(nth(keys, index))?;
    }
    for index in 0..paths.len() {
        memory.trampoline(nth(paths, index))?;
    }
    for index in 0..constructors.len() {
        memory.constructor(nth(constructors, index))?;
    }
    let mut implementations = Vec::with_capacity(registered.len());
    for index in 0..registered.len() {
        let function = nth(registered, index).cast::<*const ()>();
        // SAFETY: an element of a slice that is readable memory of the library; it
        // is one word, a function's address.
        memory.code("an implementation's function", unsafe { function.read() })?;
        // SAFETY: the function is code of the library, and by the header's word of
        // the type that `#[static_dispatch]` gives it.
        let implementation = unsafe { &*nth(registered, index) }.get();
        memory.implementation(&implementation)?;
        implementations.push(implementation);
    }
    // SAFETY: all of them lie in readable memory of the library, aligned, and so does
    // all that their elements name; texts are UTF-8, flags are flags. The library
    // stays loaded as long as the plugin is, which is what `'static` means here.
    let (declarations, sites, constructors) = unsafe { (&*declarations, &*sites, &*constructors) };
    // SAFETY: as above.
    let (keys, trampolines_of_sites) = unsafe { (&*keys, &*paths) };
    // SAFETY: as above.
    let (bindings, trampolines_of_bindings) = unsafe { (&*bindings, &*trampolines) };
    // SAFETY: as above.
    let (static_keys, places) = unsafe { (&*static_keys, &*places) };
    Ok(Contents {
        declarations,
        implementations,
        sites,
        keys,
        trampolines: trampolines_of_sites,
        constructors,
        bindings,
        trampolines_of_bindings,
        static_keys,
        places,
        // SAFETY: code of the library, by the header's word of this type.
        adopt: unsafe { std::mem::transmute::<*const (), super::manifest::Adopt>(manifest.adopt) },
        room: (!memory.lent.is_empty()).then(|| memory.lent.clone()),
    })
}

/// The address of an element.
fn nth<T>(slice: *const [T], index: usize) -> *const T {
    slice.cast::<T>().wrapping_add(index)
}

/// The bits of a reference, which may lead anywhere.
///
/// # Safety
/// The field can be read.
unsafe fn raw<T: ?Sized>(field: *const &'static T) -> *const T {
    // SAFETY: the caller's; pointers have the layout of references.
    unsafe { field.cast::<*const T>().read() }
}

/// Whether two ranges share an address.
fn overlap(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start < other.end && other.start < one.end
}

impl Memory {
    /// Whether `each` is true of what is mapped and never written, with where it is in the
    /// file: what is neither relocated nor patched.
    pub(super) fn constant_parts(
        &self,
        mut each: impl FnMut(&[u8], usize) -> io::Result<bool>,
    ) -> io::Result<bool> {
        let constant = |segment: &&Segment| {
            segment.readable
                && !segment.writable
                && !segment.executable
                && !overlap(&segment.range, &self.sealed)
        };
        for segment in self.segments.iter().filter(constant) {
            let length = segment.in_file.min(segment.range.len());
            // SAFETY: the loader has mapped the segment, readable, for a library
            // that is loaded, and nobody writes it.
            let mapped =
                unsafe { std::slice::from_raw_parts(segment.range.start as *const u8, length) };
            if !each(mapped, segment.offset)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The whole stretch of addresses.
    pub(super) fn range(&self) -> Range<usize> {
        let start = self.segments.iter().map(|one| one.range.start).min();
        let end = self.segments.iter().map(|one| one.range.end).max();
        start.unwrap_or_default()..end.unwrap_or_default()
    }

    fn allows(&self, place: &Range<usize>, wanted: Use) -> bool {
        self.segments.iter().any(|segment| {
            let within = segment.range.start <= place.start && place.end <= segment.range.end;
            let allowed = match wanted {
                Use::Read => segment.readable,
                Use::Write => segment.writable && !overlap(place, &self.sealed),
                Use::Call => segment.executable,
            };
            within && allowed && !overlap(place, &self.lent)
        })
    }

    fn slice<T>(
        &self,
        part: &'static str,
        slice: *const [T],
        wanted: Use,
    ) -> Result<*const [T], Misplaced> {
        let found = slice.cast::<T>().addr();
        let fault = |fault| Misplaced { part, found, fault };
        if found == 0 || found % align_of::<T>() != 0 {
            return Err(fault("is not aligned"));
        }
        // An empty slice needs no memory.
        if slice.len() == 0 {
            return Ok(slice);
        }
        let end = slice
            .len()
            .checked_mul(size_of::<T>())
            .and_then(|bytes| found.checked_add(bytes))
            .ok_or_else(|| fault("is longer than memory"))?;
        if self.allows(&(found..end), wanted) {
            Ok(slice)
        } else if wanted == Use::Write {
            Err(fault("does not lie in the library's writable memory"))
        } else {
            Err(fault("does not lie in the library"))
        }
    }

    fn one<T>(&self, part: &'static str, at: *const T, wanted: Use) -> Result<*const T, Misplaced> {
        let slice = std::ptr::slice_from_raw_parts(at, 1);
        self.slice(part, slice, wanted).map(|_| at)
    }

    fn text(&self, part: &'static str, text: *const str) -> Result<(), Misplaced> {
        let bytes = self.slice(part, text as *const [u8], Use::Read)?;
        // SAFETY: readable memory of a library that is loaded, or empty.
        match std::str::from_utf8(unsafe { &*bytes }) {
            Ok(_) => Ok(()),
            Err(_) => Err(Misplaced {
                part,
                found: bytes.cast::<u8>().addr(),
                fault: "is not UTF-8",
            }),
        }
    }

    /// The same memory without its room for chains, if it has one: code with the mark in
    /// front of it.
    fn lend(&self, room: *const Room) -> Result<Memory, Misplaced> {
        const PART: &str = "the room for chains";
        let mut memory = self.clone();
        if room.is_null() {
            return Ok(memory);
        }
        let found = self.one(PART, room, Use::Read)?.addr();
        memory.lent = found..found + size_of::<Room>();
        // SAFETY: readable memory of the library, as was just looked at.
        let mark = unsafe { room.cast::<[u8; Room::MARK.len()]>().read() };
        if self.allows(&memory.lent, Use::Call) && mark == Room::MARK {
            return Ok(memory);
        }
        Err(Misplaced {
            part: PART,
            found,
            fault: "is not where the library has one",
        })
    }

    fn code(&self, part: &'static str, at: *const ()) -> Result<(), Misplaced> {
        let found = at.addr();
        if self.allows(&(found..found.saturating_add(1)), Use::Call) {
            return Ok(());
        }
        Err(Misplaced {
            part,
            found,
            fault: "is not code of the library",
        })
    }

    fn declaration(&self, at: *const TraitDeclaration) -> Result<(), Misplaced> {
        let at = self.one("a trait", at, Use::Read)?;
        // SAFETY: `at` is readable memory of the library, and aligned; only the bits
        // of the references in it are read.
        let (name, module, version, methods) = unsafe {
            (
                raw(&raw const (*at).name),
                raw(&raw const (*at).module),
                // `None` is a null pointer.
                raw((&raw const (*at).crate_version).cast::<&'static str>()),
                raw(&raw const (*at).methods),
            )
        };
        self.text("a trait's name", name)?;
        self.text("a trait's module", module)?;
        if !version.is_null() {
            self.text("a trait's crate's version", version)?;
        }
        // SAFETY: as above; a function's address is a word, and null if there is none.
        let functions = unsafe {
            [
                (&raw const (*at).path).cast::<*const ()>().read(),
                (&raw const (*at).slot).cast::<*const ()>().read(),
                (&raw const (*at).unknown).cast::<*const ()>().read(),
            ]
        };
        for function in functions.into_iter().filter(|one| !one.is_null()) {
            self.code("a trait's function", function)?;
        }
        let methods = self.slice("a trait's methods", methods, Use::Read)?;
        (0..methods.len()).try_for_each(|index| self.method(nth(methods, index)))
    }

    /// `at` is readable.
    fn method(&self, at: *const MethodDeclaration) -> Result<(), Misplaced> {
        // SAFETY: as in `declaration`; a number may be any.
        let (name, targets) = unsafe { (raw(&raw const (*at).name), (*at).targets) };
        self.text("a method's name", name)?;
        if !(1..=8).contains(&targets) {
            return Err(Misplaced {
                part: "a method's number of targets",
                found: targets.into(),
                fault: "is not from 1 to 8",
            });
        }
        Ok(())
    }

    /// `at` is readable.
    fn binding(&self, at: *const BindingRecord) -> Result<(), Misplaced> {
        // SAFETY: as in `declaration`; functions' addresses are words.
        let (name, module, version, file) = unsafe {
            (
                raw(&raw const (*at).name),
                raw(&raw const (*at).module),
                raw((&raw const (*at).crate_version).cast::<&'static str>()),
                raw(&raw const (*at).file),
            )
        };
        self.text("a binding's name", name)?;
        self.text("a binding's module", module)?;
        self.text("a binding's file", file)?;
        if !version.is_null() {
            self.text("a binding's crate's version", version)?;
        }
        // SAFETY: as above; a flag is read as a number.
        let (functions, flag) = unsafe {
            (
                [
                    (&raw const (*at).identity).cast::<*const ()>().read(),
                    (&raw const (*at).declaration).cast::<*const ()>().read(),
                    (&raw const (*at).cell).cast::<*const ()>().read(),
                    (&raw const (*at).look).cast::<*const ()>().read(),
                    (&raw const (*at).concern).cast::<*const ()>().read(),
                    (&raw const (*at).let_go).cast::<*const ()>().read(),
                ],
                (&raw const (*at).may_be_unbound).cast::<u8>().read(),
            )
        };
        if flag > 1 {
            return Err(Misplaced {
                part: "whether a binding may be unbound",
                found: flag.into(),
                fault: "is neither yes nor no",
            });
        }
        functions
            .into_iter()
            .try_for_each(|function| self.code("a binding's function", function))?;
        // SAFETY: code of the library, and by the header's word of the types that
        // `binding!` gives them.
        let (declaration, cell) = unsafe { (((*at).declaration)(), ((*at).cell)()) };
        self.declaration(declaration)?;
        self.one("a binding's cell", core::ptr::from_ref(cell), Use::Write)
            .map(|_| ())
    }

    /// `at` is readable, and the bindings were looked at.
    fn trampoline_of_binding(
        &self,
        at: *const TrampolineOfBinding,
        bindings: *const [BindingRecord],
    ) -> Result<(), Misplaced> {
        // SAFETY: as in `declaration`; functions' addresses are words, and that of none is
        // a null pointer.
        let (trampoline, rest, record, unbound, receiver) = unsafe {
            (
                (*at).trampoline,
                (*at).rest,
                (&raw const (*at).record).cast::<*const ()>().read(),
                (&raw const (*at).unbound).cast::<*const ()>().read(),
                (&raw const (*at).receiver).cast::<*const ()>().read(),
            )
        };
        // The empty record that keeps the section.
        if record.is_null() && unbound.is_null() {
            return Ok(());
        }
        self.code("a binding's trampoline", trampoline)?;
        self.code("a binding's way at rest", rest)?;
        self.code("a binding's record's function", record)?;
        self.code("what a method does unbound", unbound)?;
        self.code("where a method's receiver is", receiver)?;
        // SAFETY: code of the library, and by the header's word of this type.
        let record = unsafe { (*at).record }
            .map_or(core::ptr::null(), |record| core::ptr::from_ref(record()));
        if (0..bindings.len()).any(|index| nth(bindings, index) == record) {
            Ok(())
        } else {
            Err(Misplaced {
                part: "a trampoline's binding",
                found: record.addr(),
                fault: "is none of the library's",
            })
        }
    }

    /// `at` is readable.
    fn static_key(&self, at: *const StaticKeyRecord) -> Result<(), Misplaced> {
        // SAFETY: as in `declaration`; a function's address is a word.
        let (name, module, version, file, declared, state) = unsafe {
            (
                raw(&raw const (*at).name),
                raw(&raw const (*at).module),
                raw((&raw const (*at).crate_version).cast::<&'static str>()),
                raw(&raw const (*at).file),
                (&raw const (*at).declared).cast::<*const ()>().read(),
                raw(&raw const (*at).state),
            )
        };
        self.text("a static key's name", name)?;
        self.text("a static key's module", module)?;
        self.text("a static key's file", file)?;
        if !version.is_null() {
            self.text("a static key's crate's version", version)?;
        }
        self.code("a static key's function", declared)?;
        let state = self.one("a static key's state", state, Use::Write)?;
        // SAFETY: readable, by the line above; a flag is read as a number.
        let flag = unsafe { StaticKeyState::initial_of(state).read() };
        if flag > 1 {
            return Err(Misplaced {
                part: "what a static key is at first",
                found: flag.into(),
                fault: "is neither on nor off",
            });
        }
        Ok(())
    }

    /// `at` is readable, and the keys were looked at.
    fn place(
        &self,
        at: *const PlaceRecord,
        keys: *const [StaticKeyRecord],
    ) -> Result<(), Misplaced> {
        // SAFETY: as in `key`.
        let key = unsafe { (&raw const (*at).key).cast::<*const ()>().read() };
        if key.is_null() {
            return Ok(());
        }
        self.code("the function of a place's static key", key)?;
        // SAFETY: readable, and code of the library, by the header's word of this type.
        let record = unsafe { &*at };
        let place = record.place();
        self.code(
            "a static key's place",
            std::ptr::without_provenance(place.at),
        )?;
        self.code(
            "a place's other way",
            std::ptr::without_provenance(place.arm),
        )?;
        let key = record
            .key
            .map_or(core::ptr::null(), |key| core::ptr::from_ref(key()));
        if (0..keys.len()).any(|index| nth(keys, index) == key) {
            Ok(())
        } else {
            Err(Misplaced {
                part: "a place's static key",
                found: key.addr(),
                fault: "is none of the library's",
            })
        }
    }

    /// `at` is readable.
    fn site(&self, at: *const Site) -> Result<(), Misplaced> {
        // SAFETY: as in `declaration`. The plugin's threads may be using the site
        // already, so what can change is loaded as what it is, and the flag as a
        // number, for which any value is valid.
        let (place, busy, profile, route) = unsafe {
            (
                raw(&raw const (*at).place),
                (*(&raw const (*at).busy).cast::<AtomicU8>()).load(Ordering::Relaxed),
                (*at).profile.load(Ordering::Acquire).cast_const(),
                (*at).route.load(Ordering::Acquire).cast_const(),
            )
        };
        let place = self.one("a call site's place", place, Use::Read)?;
        // SAFETY: readable, by the line above; only the bits of references are read.
        let (method, file) = unsafe {
            (
                raw(&raw const (*place).method),
                raw(&raw const (*place).file),
            )
        };
        self.text("a call site's method's name", method)?;
        self.text("a call site's file", file)?;
        if busy > 1 {
            return Err(Misplaced {
                part: "a call site's lock",
                found: busy.into(),
                fault: "is neither free nor taken",
            });
        }
        if !profile.is_null() {
            self.one("a call site's profile", profile, Use::Write)?;
        }
        if !route.is_null() {
            self.route(route)?;
        }
        Ok(())
    }

    /// `at` is readable.
    fn key(&self, at: *const KeyRecord) -> Result<(), Misplaced> {
        // SAFETY: as in `declaration`; distances are numbers, and the function's address a
        // word, that of none a null pointer. The field is read as what it may be.
        let site = unsafe { (&raw const (*at).site).cast::<*const ()>().read() };
        if site.is_null() {
            return Ok(());
        }
        self.code("the function of a key's call site", site)?;
        // SAFETY: readable, and code of the library, by the header's word of this type.
        let record = unsafe { &*at };
        let (key, arm) = (record.at(), record.arm());
        self.code("a call site's key", std::ptr::without_provenance(key))?;
        self.code("a call site's arm", std::ptr::without_provenance(arm))?;
        Ok(())
    }

    /// `at` is readable.
    fn trampoline(&self, at: *const TrampolineRecord) -> Result<(), Misplaced> {
        // SAFETY: as in `key`.
        let (trampoline, route) = unsafe {
            (
                (*at).trampoline,
                (&raw const (*at).route).cast::<*const ()>().read(),
            )
        };
        if route.is_null() {
            return Ok(());
        }
        self.code("a call site's trampoline", trampoline)?;
        self.code("the function of a trampoline's route", route)?;
        // SAFETY: as in `key`.
        let path = unsafe { &*at }.path();
        path.map_or(Ok(()), |path| self.route(path.route))
    }

    fn route(&self, at: *const Route) -> Result<(), Misplaced> {
        let at = self.one("a call site's route", at, Use::Read)?;
        // SAFETY: as in `declaration`.
        let (declaration, rest, fallback, guards, receiver) = unsafe {
            (
                raw(&raw const (*at).declaration),
                (*at).rest,
                (*at).fallback,
                // `None` is a null pointer.
                raw((&raw const (*at).guards).cast::<&'static Guards>()),
                (&raw const (*at).receiver).cast::<*const ()>().read(),
            )
        };
        if !guards.is_null() {
            self.guards(guards)?;
        }
        self.code("a call site's way at rest", rest)?;
        self.code("a call site's fallback", fallback)?;
        self.code("where a call site's receiver is", receiver)?;
        self.declaration(declaration)
    }

    fn guards(&self, at: *const Guards) -> Result<(), Misplaced> {
        let at = self.one("a call site's guards", at, Use::Read)?;
        // SAFETY: as in `declaration`; functions' addresses are words, and that of
        // none is a null pointer.
        let (listed, keys) = unsafe {
            (
                (&raw const (*at).listed)
                    .cast::<[*const (); MOST_LISTED]>()
                    .read(),
                (&raw const (*at).keys).cast::<*const ()>().read(),
            )
        };
        let listed = listed.into_iter().filter(|one| !one.is_null());
        listed
            .chain([keys])
            .try_for_each(|function| self.code("a function of a call site's guards", function))
    }

    /// `at` is readable.
    fn constructor(&self, at: *const Constructor) -> Result<(), Misplaced> {
        // SAFETY: as in `declaration`; functions' addresses are words.
        let (name, functions) = unsafe {
            (
                raw(&raw const (*at).name),
                [
                    (&raw const (*at).signature).cast::<*const ()>().read(),
                    (*at).function,
                    (&raw const (*at).construct).cast::<*const ()>().read(),
                    (*at).drop,
                ],
            )
        };
        self.text("a constructor's name", name)?;
        functions
            .into_iter()
            .try_for_each(|function| self.code("a constructor's function", function))
    }

    /// Not only against damage: what is elsewhere would not leave with the plugin.
    fn implementation(&self, implementation: &Implementation) -> Result<(), Misplaced> {
        let vtable = std::ptr::without_provenance::<usize>(implementation.vtable());
        self.one("an implementation's vtable", vtable, Use::Read)?;
        let table = std::ptr::from_ref(implementation.table());
        let at = self.one("an implementation's table", table, Use::Read)?;
        // SAFETY: as in `declaration`; functions' addresses are words.
        let (declaration, shims, functions) = unsafe {
            (
                raw(&raw const (*at).declaration),
                raw(&raw const (*at).shims),
                [
                    (&raw const (*at).type_name).cast::<*const ()>().read(),
                    (&raw const (*at).implementation).cast::<*const ()>().read(),
                ],
            )
        };
        self.declaration(declaration)?;
        for function in functions {
            self.code("an implementation's function", function)?;
        }
        let shims = self.slice("an implementation's shims", shims, Use::Read)?;
        // SAFETY: readable memory of the library; an address may be any.
        let shims = unsafe { &*shims };
        shims.iter().try_for_each(|shim| {
            let shim = std::ptr::without_provenance(shim.address());
            self.code("an implementation's shim", shim)
        })
    }
}
