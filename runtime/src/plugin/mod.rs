//! Plugins: shared libraries whose types and call sites join while the program
//! runs, and leave again.
//!
//! A plugin is a `cdylib` built by the same `rustc` with the same version of this
//! crate. Its slices are its own, so the host never sees them by itself: the
//! plugin exports one header, checked in the file before the library is loaded
//! and so before any of its code runs, and one manifest with its traits,
//! implementations, call sites and constructors.
//!
//! Objects that a plugin made keep it loaded. When the last one and the last
//! [`Plugin`] are gone, everything that leads into the library is retargeted away
//! and the library is unloaded, as the kernel does with a module's static calls.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

use crate::bound::BindingRecord;
use crate::engine::{self, Engine, LoadedObject};
use crate::key::Placed;
use crate::library::{Loaded, Opened, PluginBox, Signature};
use crate::os::{Memory, objects};
use crate::registry::{TraitDeclaration, TraitObject};

mod error;
mod file;
mod inside;
pub(crate) mod manifest;

pub use error::{PluginError, UnloadError, UnloadReason};
#[cfg(fuzzing)]
pub(crate) use file::check_bytes as check_file;
use manifest::{Contents, Header, Manifest};

/// A loaded plugin. Clones share it; see [`Plugin::load`].
#[derive(Clone)]
pub struct Plugin {
    loaded: Arc<Loaded>,
}

impl Plugin {
    /// Loads a plugin and registers what it brings; call
    /// [`retarget`](crate::runtime::retarget) afterwards. Loading the same library
    /// again returns the same plugin.
    ///
    /// What is checked, in this order, each with an error of its own: it is a regular file,
    /// and a whole shared library for this machine; it has a header of this version;
    /// it was built by the same `rustc` and with the same version of this crate
    /// (all that before any of its code runs); what the loader mapped is the file
    /// that was checked; everything that its manifest names lies inside it; every
    /// annotated trait that both sides know is the same on both, and so are its supertraits:
    /// annotated ones, the standard library's, and those without methods. With any other it
    /// is refused, unless the trait promises them.
    ///
    /// A library whose threads still run stays mapped until they end (glibc), and
    /// the next unloading takes it away. To replace a plugin on disk, rename the new
    /// file over the old one, which is then another plugin: a mapped file that is overwritten
    /// changes under the program, which nothing can survive.
    ///
    /// The file is opened once, and the loader is given that, by a name like
    /// `/proc/1234/fd/7`: whatever happens to the path meanwhile, what was checked is what is
    /// loaded. Its descriptor stays open as long as the plugin is loaded. `/proc/self/maps` and
    /// `perf` show the file's own path; debuggers and backtraces use the loader's name, which
    /// leads to the file while the program runs (for a core dump, tell the debugger the file).
    /// A plugin that names `$ORIGIN`, to find libraries beside itself, is loaded by its path,
    /// and so is any where `/proc` is not to be had: there the path has to lead to the checked
    /// file when the loader is called, and still when it returns. If it does not, that is an
    /// error; but initializers of whatever else was there may have run by then.
    ///
    /// Costs one reading of the file's headers, names and constant parts, `dlopen`, and one
    /// lock.
    ///
    /// # Errors
    /// One [`PluginError`] for each of the above. The library is unloaded again
    /// and the host is as it was.
    ///
    /// # Safety
    /// The library's initializers run. It must have been built from sources whose
    /// shared types (those in signatures of annotated traits and constructors) are
    /// the host's: the checks compare names, traits and versions, not the content
    /// of every type, nor what `#[static_dispatch(unsafe(same_supertraits))]` promises. Both sides must use the same global allocator if values that
    /// own memory cross between them. A panic may not unwind out of a method of a
    /// plugin's object into the host: their standard libraries are two, and the
    /// process ends. (Constructors and `drop` may panic.) No thread may run the plugin's code once its
    /// last object and the last [`Plugin`] are dropped.
    pub unsafe fn load(path: impl AsRef<Path>) -> Result<Plugin, PluginError> {
        let path = path.as_ref();
        let file = file::check(path)?;
        // SAFETY: the caller's.
        let loaded = engine::loading(|| unsafe { Self::load_checked(path, file) });
        #[cfg(feature = "tracing")]
        engine::flush();
        loaded
    }

    /// Loads a file that was checked.
    ///
    /// # Safety
    /// As for [`load`](Self::load).
    unsafe fn load_checked(path: &Path, file: Opened) -> Result<Plugin, PluginError> {
        // SAFETY: the caller's promise.
        let (library, memory) = unsafe { open_checked(path, &file) }?;
        let manifest = find_manifest(&library, &memory, path)?;
        let address = manifest.addr();
        let range = memory.range();
        // Closed, if it is not wanted, only after the engine's lock is given back:
        // the library's finalizers may use the runtime.
        let (mut library, mut file) = (Some(library), Some(file));
        engine::with(|engine| {
            // First of all: of a plugin that is in use, the call sites have changed, and
            // what they lead to by now is the host's.
            if let Some(loaded) = engine.plugins.find(address) {
                // The second handle is closed; the first keeps the library.
                return Ok(Plugin { loaded });
            }
            // Another thread may have dropped the last of it and wait for this lock to
            // take back what it brought. That comes first.
            if let Some(id) = engine.plugins.going(address)
                && !let_go(engine, id, &range)
            {
                // What still leads there must stay, as when that thread had found out.
                std::mem::forget((library.take(), file.take()));
                return Err(PluginError::Load {
                    path: path.to_owned(),
                    reason: "it was just let go, and its call sites could not be put to rest"
                        .into(),
                });
            }
            // Under the lock, or it could come into use meanwhile.
            let contents = inside::contents(manifest, &memory);
            let contents = contents.map_err(|fault| misplaced(path, &fault))?;
            // A build that patches has records, one that stands for none if no others.
            let patches = !contents.keys.is_empty();
            if patches && objects::was_rewritten(address) {
                let what_to_do = "load the file that the linker wrote";
                return Err(PluginError::Load {
                    path: path.to_owned(),
                    reason: format!("{}; {what_to_do}", engine::REWRITTEN),
                });
            }
            check_traits(path, &contents, &engine.objects)?;
            check_names(path, &contents)?;
            let leaders =
                engine
                    .leaders(contents.bindings)
                    .map_err(|binding| PluginError::Ambiguous {
                        path: path.to_owned(),
                        name: format!("{}::{}", binding.module, binding.name),
                        location: format!("{}:{}:{}", binding.file, binding.line, binding.column),
                    })?;
            let id = engine.plugins.next_id();
            add_static_keys(engine, &contents, id, path, &range)?;
            (contents.adopt)(&crate::host::HOST);
            let object = LoadedObject::of_plugin(
                contents.sites,
                Placed::new(contents.sites, contents.keys, contents.trampolines),
                contents.declarations,
                contents.implementations,
                id,
            );
            let object = LoadedObject { patches, ..object };
            let bindings = (
                contents.bindings,
                contents.trampolines_of_bindings,
                &leaders[..],
            );
            // SAFETY: `inside::contents` has found all of them in the library, whose copy of
            // the runtime has lent the room.
            unsafe { engine.add_plugin(object, bindings, id, range.clone(), contents.room) };
            let loaded = Arc::new(Loaded {
                id,
                path: path.to_owned(),
                constructors: contents.constructors,
                range,
                library: library.take(),
                file: file.take(),
                unload: Loaded::unload,
            });
            engine.plugins.add(address, id, &loaded);
            #[cfg(feature = "tracing")]
            engine.tell(crate::events::Event::PluginLoaded {
                path: path.to_owned(),
                plugin: id,
                sites: contents.sites.len(),
            });
            Ok(Plugin { loaded })
        })
    }

    /// Makes an object with the constructor of that name.
    ///
    /// The argument is `'static`: host and plugin compare types by name, and names have no
    /// lifetimes.
    ///
    /// # Errors
    /// No such constructor; one with another argument or result; one whose objects have a
    /// trait with other supertraits here; a constructor that panicked, whose message is in
    /// the error.
    pub fn construct<D, A>(&self, name: &str, argument: A) -> Result<PluginBox<D>, PluginError>
    where
        D: TraitObject + ?Sized + 'static,
        A: 'static,
    {
        let constructors = self.loaded.constructors;
        let path = || self.loaded.path.clone();
        let constructor = constructors
            .iter()
            .find(|constructor| constructor.name == name)
            .ok_or_else(|| PluginError::UnknownConstructor {
                path: path(),
                name: name.to_owned(),
                known: constructors.iter().map(|one| one.name.to_owned()).collect(),
            })?;
        let (wanted, found) = (Signature::of::<D, A>(), (constructor.signature)());
        if !wanted.agrees(&found) {
            return Err(PluginError::Signature {
                path: path(),
                name: name.to_owned(),
                wanted: wanted.name.to_owned(),
                found: found.name.to_owned(),
            });
        }
        if wanted.slot != found.slot {
            return Err(PluginError::Trait {
                path: path(),
                name: std::any::type_name::<D>().to_owned(),
                methods: None,
                host: error::supertraits(wanted.slot),
                plugin: error::supertraits(found.slot),
            });
        }
        // SAFETY: the signatures agree by name, lifetimes included since both are
        // `'static`, and by the contract of `load` so do the types behind the names.
        let object = unsafe { constructor.construct::<D, A>(argument) };
        let object = object.map_err(|message| PluginError::Panicked {
            path: path(),
            name: name.to_owned(),
            message,
        })?;
        // SAFETY: transmuted back to the type that `Constructor::new` erased.
        let drop = unsafe { constructor.drop_function::<D>() };
        Ok(PluginBox::of_plugin(object, drop, &self.loaded))
    }

    /// Lets the plugin go: what it has bound by
    /// [`Binding::swap_plugin`](crate::Binding::swap_plugin) with
    /// [`WhenUnloaded::BindDefault`](crate::WhenUnloaded) is replaced by what the binding
    /// was declared with, and the library is unloaded.
    ///
    /// Dropping the last [`Plugin`] and the last object does the same, except that what is
    /// bound keeps the library loaded then, and nobody is told.
    ///
    /// # Errors
    /// Objects or handles of the plugin are alive elsewhere, or one of its objects is bound
    /// and was to refuse this, or lies in the library as a static. Nothing was changed then.
    /// Where the system refuses a swap, bindings before that one may have their default.
    /// The plugin is in the error.
    ///
    /// # Safety
    /// No thread runs the plugin's code, by a binding or otherwise, and nothing is left of
    /// what its methods returned if that borrows from its objects.
    pub unsafe fn unload(self) -> Result<(), UnloadError> {
        let id = self.loaded.id;
        let records = engine::with(|engine| engine.bindings_of_host());
        let mut held = 0;
        for record in &records {
            let concern = (record.concern)(id, &self.loaded.range);
            held += concern.holds;
            if concern.refuses {
                return Err(UnloadError::bound(self, record));
            }
        }
        let others = Arc::strong_count(&self.loaded).saturating_sub(1 + held);
        if others > 0 {
            return Err(UnloadError::in_use(self, others));
        }
        let is_let_go = |record: &&&'static BindingRecord| {
            // SAFETY: the caller's.
            unsafe { (record.let_go)(id) }.is_ok()
        };
        if let Some(record) = records.iter().find(|record| !is_let_go(record)) {
            return Err(UnloadError::bound(self, record));
        }
        let range = &self.loaded.range;
        let bound = engine::with(|engine| engine.bound_into(range));
        match bound {
            Some(record) => Err(UnloadError::bound(self, record)),
            None => Ok(()),
        }
    }

    /// Names of the constructors, in the order exported.
    pub fn constructors(&self) -> impl Iterator<Item = &str> {
        self.loaded.constructors.iter().map(|one| one.name)
    }

    /// The path that it was loaded from.
    pub fn path(&self) -> &Path {
        &self.loaded.path
    }
}

impl fmt::Debug for Plugin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Plugin")
            .field("path", &self.loaded.path)
            .finish_non_exhaustive()
    }
}

/// The library, and where it was loaded.
fn located(library: Library) -> (Library, Option<Memory>) {
    let handle = library.into_raw();
    // SAFETY: the handle is the library's, and open.
    let memory = unsafe { objects::memory_of(handle) };
    // SAFETY: as above; taken out two lines ago.
    (unsafe { Library::from_raw(handle) }, memory)
}

/// The error for what a manifest names and the library does not have.
fn misplaced(path: &Path, fault: &inside::Misplaced) -> PluginError {
    PluginError::Manifest {
        path: path.to_owned(),
        reason: fault.to_string(),
    }
}

/// Has the loader map a file that was checked, and no other.
///
/// # Safety
/// As for [`Plugin::load`].
unsafe fn open_checked(path: &Path, file: &Opened) -> Result<(Library, Memory), PluginError> {
    let own_name = file.name();
    let name = own_name.as_deref().unwrap_or(path);
    let replaced = || PluginError::Replaced {
        path: path.to_owned(),
    };
    // By its path, the loader opens it anew: the same before and after is the same then.
    let is_there = || own_name.is_some() || file.is_at(path);
    if !is_there() {
        return Err(replaced());
    }
    // SAFETY: the caller allows the initializers to run.
    let library = unsafe { Library::open(Some(name), RTLD_NOW | RTLD_LOCAL) };
    let library = library.map_err(|source| {
        let (name, known) = (name.to_string_lossy(), path.to_string_lossy());
        PluginError::Load {
            path: path.to_owned(),
            reason: source.to_string().replace(&*name, &known),
        }
    })?;
    let (library, memory) = located(library);
    let memory = memory.ok_or_else(|| PluginError::Load {
        path: path.to_owned(),
        reason: "the loader does not know where it lies".into(),
    })?;
    let is_the_file = file.is_mapped_at(&memory);
    let is_the_file = is_the_file.map_err(|source| PluginError::Open {
        path: path.to_owned(),
        source,
    })?;
    if !is_the_file || !is_there() {
        return Err(replaced());
    }
    Ok((library, memory))
}

/// A loaded library's manifest, after its header was compared once more: as the loader
/// finds it, and not the file.
fn find_manifest(
    library: &Library,
    memory: &Memory,
    path: &Path,
) -> Result<*const Manifest, PluginError> {
    let missing = || PluginError::NoManifest {
        path: path.to_owned(),
    };
    // SAFETY: nothing is done with the symbol's address but to compare it.
    let header = unsafe { library.get::<*const Header>(manifest::HEADER_SYMBOL) };
    let header = header.map_err(|_| missing())?;
    inside::header(*header, memory)
        .map_err(|fault| misplaced(path, &fault))?
        .check(path)?;
    // SAFETY: as above; only called once it is known to be the library's code.
    let function = unsafe { library.get::<fn() -> *const Manifest>(manifest::MANIFEST_SYMBOL) };
    let function = function.map_err(|_| missing())?;
    inside::manifest_function(*function as *const (), memory)
        .map_err(|fault| misplaced(path, &fault))?;
    Ok(function())
}

/// Constructors are known by their names.
fn check_names(path: &Path, contents: &Contents) -> Result<(), PluginError> {
    let mut names = std::collections::BTreeSet::new();
    let twice = contents
        .constructors
        .iter()
        .find(|one| !names.insert(one.name));
    twice.map_or(Ok(()), |one| {
        Err(PluginError::Manifest {
            path: path.to_owned(),
            reason: format!(
                "two constructors are called `{0}`: rename one `{0}` in `export_plugin!`",
                one.name
            ),
        })
    })
}

/// Has a plugin's static keys follow the host's.
///
/// # Errors
/// One of which that cannot be told, or that could not be made to see what the host's is.
fn add_static_keys(
    engine: &mut Engine,
    contents: &Contents,
    id: u64,
    path: &Path,
    range: &Range<usize>,
) -> Result<(), PluginError> {
    let (keys, places) = (contents.static_keys, contents.places);
    if let Some(key) = Engine::key_that_begins_otherwise(keys) {
        return Err(PluginError::StaticKeyValue {
            path: path.to_owned(),
            name: format!("{}::{}", key.module, key.name),
            plugin: key.state.initial(),
        });
    }
    let leaders = Engine::leaders_of_keys(keys).map_err(|key| PluginError::Ambiguous {
        path: path.to_owned(),
        name: format!("{}::{}", key.module, key.name),
        location: format!("{}:{}:{}", key.file, key.line, key.column),
    })?;
    // SAFETY: `inside::contents` has found all of them in the library.
    let added = unsafe { engine.add_keys(keys, places, &leaders, id, range) };
    added.map_err(|(key, source)| PluginError::StaticKey {
        path: path.to_owned(),
        name: format!("{}::{}", key.module, key.name),
        source,
    })
}

/// Every trait that both sides know must be the same.
fn check_traits(
    path: &Path,
    contents: &Contents,
    objects: &[LoadedObject],
) -> Result<(), PluginError> {
    let slot = |one: &TraitDeclaration| one.slot.map(|slot| slot());
    for theirs in contents.declarations {
        let ours = objects.iter().flat_map(|object| object.declarations);
        let ours: Vec<_> = ours.filter(|ours| ours.is_namesake(theirs)).collect();
        let Some(other) = ours.first() else {
            continue;
        };
        let name = || format!("{}::{}", other.module(), other.name());
        // In blocks of one function there may be several of one name.
        let known = ours
            .iter()
            .find(|ours| ours.is_same(theirs) && slot(ours) == slot(theirs));
        let Some(known) = known else {
            return Err(PluginError::Trait {
                path: path.to_owned(),
                name: name(),
                methods: other.difference(theirs),
                host: error::describe(other, slot(other)),
                plugin: error::describe(theirs, slot(theirs)),
            });
        };
        let unknown = |one: &TraitDeclaration| one.unknown.and_then(|unknown| unknown());
        if let Some(supertrait) = unknown(known).or_else(|| unknown(theirs)) {
            return Err(PluginError::Supertrait {
                path: path.to_owned(),
                name: name(),
                supertrait: supertrait.to_owned(),
            });
        }
    }
    Ok(())
}

/// Takes back what a plugin brought, unless that was done before. Returns whether its
/// library may be closed.
fn let_go(engine: &mut Engine, id: u64, range: &Range<usize>) -> bool {
    engine.plugins.remove(id);
    engine.remove_object(id, range)
}

impl Loaded {
    pub(crate) fn unload(&mut self) {
        let safe = engine::with(|engine| let_go(engine, self.id, &self.range));
        let library = self.library.take();
        if safe {
            engine::loading(|| drop(library));
        } else {
            // Something may still lead there: better a library too many.
            std::mem::forget((library, self.file.take()));
        }
        #[cfg(feature = "tracing")]
        {
            let event = crate::events::Event::PluginUnloaded {
                path: std::mem::take(&mut self.path),
                plugin: self.id,
                kept: !safe,
            };
            engine::with(|engine| engine.tell(event));
            engine::flush();
        }
    }
}
