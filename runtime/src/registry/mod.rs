//! What the program declares: traits, implementations, and how a vtable leads to
//! its implementation.
//!
//! `#[static_dispatch]` on a trait declares it ([`TraitDeclaration`]) and gives
//! every implementor one more vtable method, which returns the implementation's
//! [`Table`]: its shims, its name, its identity. So every type that a call site
//! meets is known, annotated or not, private, generic, or from a plugin. On an
//! impl the attribute registers a vtable ahead of the first call.
//!
//! The slices are per loaded object; a plugin's reach the host in its manifest.
//! All types are `repr(C)` for that reason.

use core::any::{TypeId, type_name};

#[cfg(feature = "std")]
mod slot;

#[cfg(feature = "std")]
pub use slot::{Mark, NoAnnotatedSupertrait, Supertrait, has_no_methods, is_standard, slot_of};

/// A trait under `#[static_dispatch]`.
#[derive(Debug)]
#[repr(C)]
pub struct TraitDeclaration {
    pub(crate) name: &'static str,
    pub(crate) module: &'static str,
    pub(crate) crate_version: Option<&'static str>,
    layout: u64,
    pub(crate) methods: &'static [MethodDeclaration],
    /// The name of a type that stands beside it: so a path, with the functions that it is in,
    /// which a module's path leaves out.
    pub(crate) path: Option<fn() -> &'static str>,
    /// Which slot of its vtables holds the hook, where the trait has one object type.
    pub(crate) slot: Option<fn() -> usize>,
    /// The first supertrait whose methods can be compared with no other object's, if any is to
    /// be asked about.
    pub(crate) unknown: Option<fn() -> Option<&'static str>>,
}

/// A dispatched method of such a trait.
#[derive(Debug)]
#[repr(C)]
pub struct MethodDeclaration {
    pub(crate) name: &'static str,
    pub(crate) targets: u8,
    /// Hash of its signature as written.
    signature: u64,
}

impl MethodDeclaration {
    /// For the expansion of `#[static_dispatch]`.
    pub const fn new(name: &'static str, targets: u8, signature: u64) -> Self {
        MethodDeclaration {
            name,
            targets,
            signature,
        }
    }

    /// The method's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// How many targets a chain of this method may have, 1 to 8.
    pub fn targets(&self) -> usize {
        usize::from(self.targets)
    }
}

impl TraitDeclaration {
    /// For the expansion of `#[static_dispatch]`.
    ///
    /// # Safety
    /// It is what the trait is, and stands in the slice once: a plugin is believed to have the
    /// same trait by what is said here.
    pub const unsafe fn new(
        name: &'static str,
        module: &'static str,
        crate_version: Option<&'static str>,
        layout: u64,
        methods: &'static [MethodDeclaration],
    ) -> Self {
        TraitDeclaration {
            name,
            module,
            crate_version,
            layout,
            methods,
            path: None,
            slot: None,
            unknown: None,
        }
    }

    /// For the expansion of `#[static_dispatch]`: [`type_name`] of a type beside the trait.
    #[must_use]
    pub const fn with_path(mut self, path: fn() -> &'static str) -> Self {
        self.path = Some(path);
        self
    }

    /// For the expansion of `#[static_dispatch]`, with [`slot_of`] the trait's object type.
    #[must_use]
    pub const fn with_slot(mut self, slot: fn() -> usize) -> Self {
        self.slot = Some(slot);
        self
    }

    /// For the expansion of `#[static_dispatch]`: which supertrait is neither annotated, nor
    /// the standard library's, nor without methods.
    #[must_use]
    pub const fn with_unknown(mut self, unknown: fn() -> Option<&'static str>) -> Self {
        self.unknown = Some(unknown);
        self
    }

    /// The trait's name.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The path of the module that declares it.
    pub fn module(&self) -> &'static str {
        self.module
    }

    /// Hash of the trait as written; it differs where vtables might.
    pub fn layout(&self) -> u64 {
        self.layout
    }

    /// The version of the declaring crate, where Cargo built it.
    pub fn crate_version(&self) -> Option<&'static str> {
        self.crate_version
    }

    /// The dispatched methods, in the order of their shims.
    pub fn methods(&self) -> &'static [MethodDeclaration] {
        self.methods
    }

    /// Whether both declare the same trait, possibly from two loaded objects.
    pub fn is_same(&self, other: &TraitDeclaration) -> bool {
        core::ptr::eq(self, other)
            || (self.is_namesake(other)
                && self.layout == other.layout
                && self.crate_version == other.crate_version)
    }

    /// Which dispatched methods differ, in words, or that something else of the trait does;
    /// nothing where neither is so.
    #[cfg(plugins)]
    pub(crate) fn difference(&self, other: &TraitDeclaration) -> Option<String> {
        fn named<'a>(
            one: &'a TraitDeclaration,
            other: &'a TraitDeclaration,
        ) -> impl Iterator<Item = (&'static str, Option<&'a MethodDeclaration>, u64)> {
            one.methods.iter().map(|method| {
                let found = other.methods.iter().find(|it| it.name == method.name);
                (method.name, found, method.signature)
            })
        }
        let mut words = Vec::new();
        for (name, found, signature) in named(self, other) {
            match found {
                None => words.push(format!("`{name}` is annotated in this program only")),
                Some(found) if found.signature != signature => {
                    words.push(format!("`{name}` has another signature"));
                }
                Some(_) => {}
            }
        }
        let theirs = named(other, self).filter(|(_, found, _)| found.is_none());
        words.extend(theirs.map(|(name, ..)| format!("`{name}` is annotated in the plugin only")));
        if words.is_empty() && self.layout != other.layout {
            words.push(
                "its annotated methods are the same, and another item, an option or the order is not"
                    .to_owned(),
            );
        }
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Whether both have the same path, whatever they contain.
    pub fn is_namesake(&self, other: &TraitDeclaration) -> bool {
        let path = |one: &TraitDeclaration| one.path.map(|path| path());
        self.name == other.name && self.module == other.module && path(self) == path(other)
    }
}

/// A type, as far as it can be compared across loaded objects.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity {
    pub(crate) name: &'static str,
    id: TypeId,
}

impl Identity {
    pub(crate) fn of<T: ?Sized + 'static>() -> Self {
        Identity {
            name: type_name::<T>(),
            id: TypeId::of::<T>(),
        }
    }

    /// Whether both are one type by name, in lifetimes too.
    ///
    /// Names have no lifetimes. Where a type is `'static`, as all are here, what is left are
    /// those that a function's type or an object type binds (`for<'a> fn(&'a str)`), which
    /// names show as `'_`, and not by whom. Such types have to be equal by their [`TypeId`]:
    /// that says less than it promises in another loaded object, but it is never equal where
    /// lifetimes differ.
    pub(crate) fn agrees(&self, other: &Identity) -> bool {
        self.name == other.name && (self.id == other.id || !self.binds_lifetimes())
    }

    /// Whether it may be of functions or objects for any lifetime.
    pub(crate) fn binds_lifetimes(&self) -> bool {
        self.name.contains('\'') || self.name.contains("for<")
    }
}

/// An address of code, as the expansion puts it into a [`Table`].
#[derive(Clone, Copy, Debug)]
#[repr(transparent)]
pub struct Code(*const ());

// SAFETY: an address of immutable code, never dereferenced as data.
unsafe impl Sync for Code {}
// SAFETY: as above.
unsafe impl Send for Code {}

impl Code {
    /// For the expansion of `#[static_dispatch]`.
    pub const fn new(address: *const ()) -> Self {
        Code(address)
    }

    pub(crate) fn address(self) -> usize {
        self.0.addr()
    }
}

/// What a vtable leads to: one implementation of one annotated trait.
#[derive(Debug)]
#[repr(C)]
pub struct Table {
    pub(crate) declaration: &'static TraitDeclaration,
    pub(crate) type_name: fn() -> &'static str,
    pub(crate) implementation: fn() -> TypeId,
    /// Names the implementation: the type together with the trait's instantiation.
    /// Its code differs for each of them, and so the content of no two tables, and
    /// of no two vtables, is equal: a linker that merges equal ones finds none.
    pub(crate) distinct: fn() -> TypeId,
    pub(crate) shims: &'static [Code],
}

impl Table {
    /// For the expansion of `#[static_dispatch]`.
    pub const fn new(
        declaration: &'static TraitDeclaration,
        type_name: fn() -> &'static str,
        implementation: fn() -> TypeId,
        distinct: fn() -> TypeId,
        shims: &'static [Code],
    ) -> Self {
        Table {
            declaration,
            type_name,
            implementation,
            distinct,
            shims,
        }
    }

    /// The trait.
    pub fn declaration(&self) -> &'static TraitDeclaration {
        self.declaration
    }

    /// The implementing type's name, lifetimes left out.
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// The implementing type, lifetimes erased. Not comparable across loaded
    /// objects.
    pub fn type_id(&self) -> TypeId {
        (self.implementation)()
    }

    /// The implementation: the type together with the trait's instantiation,
    /// lifetimes erased. Not comparable across loaded objects.
    pub(crate) fn distinct(&self) -> TypeId {
        (self.distinct)()
    }

    /// The shim of the trait's dispatched method `method`.
    pub(crate) fn shim(&self, method: usize) -> Option<usize> {
        self.shims.get(method).map(|code| code.address())
    }
}

#[cfg(feature = "std")]
/// An implementation of an annotated trait with one of its vtables. The same
/// implementation may have others, in other crates and codegen units.
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub struct Implementation {
    vtable: usize,
    table: &'static Table,
}

#[cfg(feature = "std")]
impl Implementation {
    /// For the expansion of `#[static_dispatch]`.
    ///
    /// # Safety
    /// The vtable is one of the implementation whose table this is.
    pub unsafe fn new(vtable: usize, table: &'static Table) -> Self {
        Implementation { vtable, table }
    }

    pub(crate) fn vtable(&self) -> usize {
        self.vtable
    }

    pub(crate) fn table(&self) -> &'static Table {
        self.table
    }
}

#[cfg(feature = "std")]
/// What `#[static_dispatch]` on an impl adds to the slice of implementations.
#[repr(transparent)]
pub struct RegisteredImplementation(fn() -> Implementation);

#[cfg(feature = "std")]
impl RegisteredImplementation {
    /// For the expansion of `#[static_dispatch]`.
    pub const fn new(implementation: fn() -> Implementation) -> Self {
        RegisteredImplementation(implementation)
    }

    pub(crate) fn get(&self) -> Implementation {
        (self.0)()
    }
}

/// A trait object of an annotated trait: `dyn Trait`, `dyn Trait + Send`, …
///
/// # Safety
/// Implemented by `#[static_dispatch]` alone. `__table` returns the table of the
/// type behind the object, and `__Trait` stands for the trait.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no trait object of a trait with `#[static_dispatch]`",
    label = "no `dyn Trait` of a trait with `#[static_dispatch]` above it",
    note = "other auto traits than `Send` and `Sync` are asked for at the trait: \
            `#[static_dispatch(auto = [Unpin])]`"
)]
pub unsafe trait TraitObject {
    /// What a binding of this type is called by.
    #[cfg(feature = "std")]
    #[doc(hidden)]
    type __Bound<Binding>;
    /// What all object types of the trait have in common.
    #[doc(hidden)]
    type __Trait: DeclaredTrait;
    #[doc(hidden)]
    fn __table(&self) -> &'static Table;
    #[doc(hidden)]
    #[must_use]
    #[inline]
    fn __declaration() -> &'static TraitDeclaration {
        Self::__Trait::declaration()
    }
}

/// An annotated trait, as a type: `#[static_dispatch]` makes them. Said once for all
/// object types, which are many.
pub trait DeclaredTrait {
    /// What is wrong with a binding to nothing, as a sentence; empty if nothing is.
    const LACKS_RESULTS: &'static str;

    /// The trait's record.
    fn declaration() -> &'static TraitDeclaration;
}

#[cfg(feature = "std")]
crate::slices::slice! {
    /// Every annotated trait of this loaded object.
    pub static STATIC_CALL_DECLARATIONS_0_1_0: [TraitDeclaration];
}

#[cfg(feature = "std")]
crate::slices::slice! {
    /// Every registered implementation of this loaded object.
    pub static STATIC_CALL_IMPLEMENTATIONS_0_1_0: [RegisteredImplementation];
}

#[cfg(all(test, plugins))]
mod tests {
    use super::{MethodDeclaration, TraitDeclaration};

    #[test]
    fn two_traits_of_one_name_are_told_apart_by_their_methods() {
        static OURS: [MethodDeclaration; 3] = [
            MethodDeclaration::new("same", 2, 1),
            MethodDeclaration::new("area", 2, 2),
            MethodDeclaration::new("gone", 2, 3),
        ];
        static THEIRS: [MethodDeclaration; 3] = [
            MethodDeclaration::new("new", 2, 4),
            MethodDeclaration::new("area", 4, 5),
            MethodDeclaration::new("same", 1, 1),
        ];
        let declare = |methods| {
            // SAFETY: it is given to nothing that believes it.
            unsafe { TraitDeclaration::new("Shape", "shapes", None, 0, methods) }
        };
        let (ours, theirs) = (declare(&OURS), declare(&THEIRS));
        assert_eq!(
            ours.difference(&theirs).as_deref(),
            Some(
                "`area` has another signature, `gone` is annotated in this program only, `new` is \
                 annotated in the plugin only"
            )
        );
        assert_eq!(ours.difference(&declare(&OURS)), None);
        // SAFETY: as above.
        let other = unsafe { TraitDeclaration::new("Shape", "shapes", None, 1, &OURS) };
        let said = ours.difference(&other).unwrap();
        assert!(
            said.starts_with("its annotated methods are the same"),
            "{said}"
        );
    }
}
