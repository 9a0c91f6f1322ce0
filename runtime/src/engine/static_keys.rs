//! Static keys, as far as the engine knows them: places that all take one way.

#[cfg(plugins)]
use std::ops::Range;

use super::{Engine, Patching};
use crate::key::Key;
use crate::publish::{Batch, PrepareError};
#[cfg(plugins)]
use crate::static_key::PlaceRecord;
use crate::static_key::{
    Change, Places, STATIC_CALL_STATIC_KEYS_0_1_0, StaticKeyError, StaticKeyRecord,
};

/// The static keys of one loaded object, and their places there.
pub(super) struct KeysOfObject {
    keys: &'static [StaticKeyRecord],
    places: Places,
    /// Which plugin it is; [`None`] for the object that holds this runtime.
    plugin: Option<u64>,
}

impl KeysOfObject {
    /// Those of the object that holds this runtime.
    fn own() -> Self {
        KeysOfObject {
            keys: &STATIC_CALL_STATIC_KEYS_0_1_0,
            places: Places::new(crate::static_key::places()),
            plugin: None,
        }
    }
}

/// A key, where it is known.
pub(crate) struct KnownKey {
    pub(crate) record: &'static StaticKeyRecord,
    pub(crate) plugin: Option<u64>,
    /// Its places in that loaded object.
    pub(crate) places: usize,
}

impl Engine {
    /// Every key, and every copy in a plugin.
    pub(crate) fn known_keys(&self) -> Vec<KnownKey> {
        let own = self.static_keys.is_empty().then(KeysOfObject::own);
        let objects = own.iter().chain(&self.static_keys);
        let keys = objects.flat_map(|object| object.keys.iter().map(move |key| (object, key)));
        let known = keys.map(|(object, record)| KnownKey {
            record,
            plugin: object.plugin,
            places: object.places.of(record).count(),
        });
        known.collect()
    }

    /// Changes a key, and the copies that follow it.
    pub(crate) fn change_key(
        &mut self,
        record: &'static StaticKeyRecord,
        change: Change,
    ) -> Result<(), StaticKeyError> {
        let leader = record.state.leader().unwrap_or(record);
        let state = leader.state;
        loop {
            let word = state.word();
            let next = change.apply(word)?;
            let (was_on, is_on) = (word != 0, next != 0);
            if was_on == is_on {
                if state.exchange(word, next) {
                    return Ok(());
                }
            } else if is_on {
                // Zero, which nobody changes but here.
                self.switch_key(leader, true)?;
                state.set(next);
                return Ok(());
            } else if state.exchange(word, 0) {
                return self.switch_key(leader, false).inspect_err(|_| {
                    state.set(word);
                });
            }
        }
    }

    /// Has all places of a key see that it is on, or off.
    fn switch_key(
        &mut self,
        leader: &'static StaticKeyRecord,
        on: bool,
    ) -> Result<(), StaticKeyError> {
        self.know_own_keys();
        let mut places = Vec::new();
        let mut followers = Vec::new();
        let mut is_known = false;
        for object in &self.static_keys {
            for key in object.keys {
                let follows = || {
                    key.state
                        .leader()
                        .is_some_and(|one| core::ptr::eq(one, leader))
                };
                if core::ptr::eq(key, leader) {
                    is_known = true;
                    places.extend(object.places.of(key));
                } else if follows() {
                    places.extend(object.places.of(key));
                    followers.push(key);
                }
            }
        }
        // Where nothing is patched, keys may not even be collected.
        if !is_known && crate::site::TRAMPOLINES {
            let reason = "the key's library was let go".to_owned();
            return Err(StaticKeyError::Unavailable { reason });
        }
        if crate::site::TRAMPOLINES {
            self.patch_places(&places, on != leader.state.initial())?;
        }
        for key in followers {
            key.state.set(usize::from(on));
        }
        Ok(())
    }

    /// Has places take the other way, or the way that they were built with: all of them, or
    /// none.
    fn patch_places(&mut self, places: &[Key], other: bool) -> Result<(), StaticKeyError> {
        let publisher = match &mut self.patching {
            // What was refused once may work now, and each key is by itself.
            Patching::Works(publisher) | Patching::Failed { publisher, .. } => publisher,
            Patching::Unavailable { reason } => {
                let reason = reason.clone();
                return Err(StaticKeyError::Unavailable { reason });
            }
        };
        // Rust's `dylib` exports what other crates call, as this, which is never inlined.
        if crate::os::objects::is_shared(crate::bound::never_unbound as *const () as usize) {
            let reason = "the runtime comes from a Rust `dylib`, and does not know the places of \
                          those who use that"
                .to_owned();
            return Err(StaticKeyError::Unavailable { reason });
        }
        let mut batch = Batch::default();
        publisher
            .prepare_places(places, other, &mut batch)
            .map_err(not_prepared)?;
        if batch.is_empty() {
            return Ok(());
        }
        // SAFETY: the engine's lock is held; places are of the object that holds this
        // runtime, or of plugins, which stay loaded while the engine knows them.
        let Err(error) = (unsafe { publisher.commit(&batch) }) else {
            return Ok(());
        };
        let switched = places.iter().copied();
        let switched: Vec<_> = switched
            .filter(|one| one.at < error.flipped_below)
            .collect();
        let mut back = Batch::default();
        let is_back = publisher
            .prepare_places(&switched, !other, &mut back)
            .is_ok()
            // SAFETY: as above.
            && (back.is_empty() || unsafe { publisher.commit(&back) }.is_ok());
        let source = error.source;
        self.see_at_rest(&source.at_rest);
        if source.is_refusal() || !is_back {
            self.patching.fail(source.to_string());
            return Err(StaticKeyError::Refused {
                step: source.step,
                source: source.source,
                torn: !is_back,
            });
        }
        let reason = source.to_string();
        Err(StaticKeyError::LeftAlone { reason })
    }

    /// A plugin's key that is the host's but for what it is declared as.
    #[cfg(plugins)]
    pub(crate) fn key_that_begins_otherwise(
        records: &'static [StaticKeyRecord],
    ) -> Option<&'static StaticKeyRecord> {
        let ours = || STATIC_CALL_STATIC_KEYS_0_1_0.iter();
        records.iter().find(|one| {
            ours().any(|other| one.is_namesake(other)) && !ours().any(|other| one.is_same(other))
        })
    }

    /// For each of a plugin's keys the host's that it is, if the host has it.
    ///
    /// # Errors
    /// One of which that cannot be told.
    #[cfg(plugins)]
    pub(crate) fn leaders_of_keys(
        records: &'static [StaticKeyRecord],
    ) -> Result<Vec<Option<&'static StaticKeyRecord>>, &'static StaticKeyRecord> {
        let ours: Vec<_> = STATIC_CALL_STATIC_KEYS_0_1_0.iter().collect();
        let theirs: Vec<_> = records.iter().collect();
        let leader = |one: &&'static StaticKeyRecord| {
            let found = crate::bound::partner(
                one,
                &ours,
                &theirs,
                |one, other| one.is_same(other),
                |one, other| one.is_at(other),
            );
            found
                .map(|found| found.map(|index| ours[index]))
                .map_err(|()| *one)
        };
        theirs.iter().map(leader).collect()
    }

    /// Adds a plugin's keys. Those that the host has too follow the host's, and are what
    /// these are when this returns.
    ///
    /// # Errors
    /// One that could not be made so. Nothing is added.
    ///
    /// # Safety
    /// The records lie in the plugin, whole, and `leaders` are those that
    /// [`leaders_of_keys`](Self::leaders_of_keys) has found. It stays loaded until
    /// [`remove_keys`](Self::remove_keys), and lies in `range`.
    #[cfg(plugins)]
    pub(crate) unsafe fn add_keys(
        &mut self,
        keys: &'static [StaticKeyRecord],
        places: &'static [PlaceRecord],
        leaders: &[Option<&'static StaticKeyRecord>],
        plugin: u64,
        range: &Range<usize>,
    ) -> Result<(), (&'static StaticKeyRecord, StaticKeyError)> {
        if keys.is_empty() {
            return Ok(());
        }
        self.know_own_keys();
        let places = Places::new(places);
        let mut result = Ok(());
        for (key, leader) in keys.iter().zip(leaders) {
            let Some(leader) = leader else { continue };
            let on = leader.state.word() != 0;
            let was_on = key.state.word() != 0;
            if crate::site::TRAMPOLINES && was_on != on {
                let places: Vec<_> = places.of(key).collect();
                if let Err(error) = self.patch_places(&places, on != leader.state.initial()) {
                    result = Err((key, error));
                    break;
                }
            }
            key.state.follow(Some(leader));
            key.state.set(usize::from(on));
        }
        self.static_keys.push(KeysOfObject {
            keys,
            places,
            plugin: Some(plugin),
        });
        if result.is_err() {
            self.remove_keys(plugin);
            if let Patching::Works(publisher) | Patching::Failed { publisher, .. } =
                &mut self.patching
            {
                publisher.forget_object(range);
            }
        }
        result
    }

    /// Lets a plugin's keys follow no more. They stay what they are.
    pub(crate) fn remove_keys(&mut self, plugin: u64) {
        self.static_keys.retain(|object| {
            let goes = object.plugin == Some(plugin);
            if goes {
                object.keys.iter().for_each(|key| key.state.follow(None));
            }
            !goes
        });
    }

    /// Looks up the keys of this object, which few programs have.
    fn know_own_keys(&mut self) {
        if self.static_keys.is_empty() {
            self.static_keys.push(KeysOfObject::own());
        }
    }
}

fn not_prepared(error: PrepareError) -> StaticKeyError {
    match error {
        PrepareError::Patch(error) if error.is_refusal() => StaticKeyError::Refused {
            step: error.step,
            source: error.source,
            torn: false,
        },
        error => StaticKeyError::LeftAlone {
            reason: super::visit::describe(&error),
        },
    }
}
