//! Letting a plugin go.

use std::ops::Range;
use std::time::Duration;

use super::state::Status;
use super::steps::{close, learn};
use super::{Engine, LoadedObject, Patching};
use crate::publish::{Batch, Head, Lead};
use crate::site::{Locked, Phase, Site};

/// Times that somebody slept for a site's lock.
#[cfg(test)]
pub(super) static SLEPT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// The lock of a site whose holder was preempted, perhaps on a machine with more threads
/// than processors: yielding alone does not always let it run. A pass would come back
/// later, but who lets a plugin go has no later, and the library would stay for good.
fn patiently(site: &Site) -> Option<Locked<'_>> {
    const TRIES: u32 = 1000;
    (0..TRIES).find_map(|tried| {
        if tried > 0 {
            #[cfg(test)]
            SLEPT.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            std::thread::sleep(Duration::from_millis(1));
        }
        site.lock()
    })
}

impl Engine {
    /// Removes everything that leads into `range`, where the plugin lies: its
    /// sites, its implementations, chains that name its shims, and what open
    /// windows have noted of it. Returns whether the library may be unloaded; if
    /// not, it must stay loaded for good.
    ///
    /// The caller sees to it that no object of the plugin is alive. Then no call
    /// is inside it, and none can enter by a chain: its vtables are gone from the
    /// program, so no compare with them can succeed, even one that a preempted
    /// thread is about to make.
    pub(crate) fn remove_object(&mut self, plugin: u64, range: &Range<usize>) -> bool {
        let own = |object: &LoadedObject| object.plugin == Some(plugin);
        let Some(index) = self.objects.iter().position(own) else {
            return true;
        };
        let mut gone = self.objects.remove(index);
        self.end_lives(&mut gone, range);
        self.forget_switches(plugin, range);
        for site in gone.sites {
            site.switch(false);
            self.spare.extend(close(site));
        }
        for object in &mut self.objects {
            object
                .implementations
                .retain(|one| !range.contains(&one.vtable()));
        }
        self.remove_keys(plugin);
        let bindings_rest = self.remove_bindings(plugin);
        let bound = self.bound_into(range).is_some() || self.trust.keeps_plugin(plugin);
        let safe = self.purge_windows(range)
            && self.retarget_away(&mut gone, range)
            && bindings_rest
            && !bound;
        if !safe {
            // Said to whoever has a handle to an object of it.
            self.trust.keep_plugin(plugin);
        }
        self.trust.remove_plugin(plugin);
        // Only its own trampolines led there, which nobody looks after any more.
        if let Patching::Works(publisher) | Patching::Failed { publisher, .. } = &mut self.patching
        {
            publisher.forget_object(range);
        }
        safe
    }

    fn purge_windows(&mut self, range: &Range<usize>) -> bool {
        for object in &self.objects {
            for (site, details) in object.sites.iter().zip(&object.details) {
                if details.is_none() && site.route().is_none() {
                    continue;
                }
                // A thread that recorded one of the plugin's objects has finished
                // by now; whoever holds the lock for so long is gone.
                let Some(lock) = patiently(site) else {
                    return false;
                };
                if let Some(profile) = lock.profile() {
                    // SAFETY: the site's lock is held.
                    unsafe { profile.notes() }.retain(|seen| {
                        !range.contains(&seen.vtable) && !range.contains(&seen.table.addr())
                    });
                }
            }
        }
        true
    }

    /// Puts the heads of all chains with a target in `range` back to rest, and
    /// all of `gone`'s, with its keys off: should somebody else keep its library loaded, no chain
    /// of its may lead into another plugin, which nobody would then take back.
    fn retarget_away(&mut self, gone: &mut LoadedObject, range: &Range<usize>) -> bool {
        let mut batch = Batch::default();
        let mut flipped = Vec::new();
        let Engine {
            patching, objects, ..
        } = self;
        // Not `publisher()`: after a failure the heads still have to be flipped.
        let publisher = match patching {
            Patching::Works(publisher) | Patching::Failed { publisher, .. } => publisher,
            Patching::Unavailable { .. } => return true,
        };
        for details in gone.details.iter_mut().flatten() {
            if details.on
                && publisher
                    .prepare_keys(&details.keys, false, &mut batch)
                    .is_err()
            {
                return false;
            }
            for trampoline in &mut details.trampolines {
                if publisher
                    .prepare(trampoline, Lead::Rest, &mut batch)
                    .is_err()
                {
                    return false;
                }
            }
        }
        for (object_index, object) in objects.iter_mut().enumerate() {
            for (site_index, details) in object.details.iter_mut().enumerate() {
                let Some(details) = details else { continue };
                let stale = |target: &crate::arch::Target| {
                    range.contains(&target.vtable) || range.contains(&target.shim)
                };
                let before = details.last_seen.len();
                // Of a site without a published chain, the heads may still lead to
                // one from before, of which nothing else is remembered.
                let has_chain = details.last_seen.iter().any(|one| one.in_chain);
                let in_use = has_chain && matches!(details.status, Status::Published(_));
                details.last_seen.retain(|one| {
                    !stale(&one.target) && !range.contains(&one.type_name.as_ptr().addr())
                });
                let concerned = !in_use || details.last_seen.len() != before;
                if !concerned || details.trampolines.iter().all(|one| one.head == Head::Rest) {
                    continue;
                }
                for trampoline in &mut details.trampolines {
                    if publisher
                        .prepare(trampoline, Lead::Rest, &mut batch)
                        .is_err()
                    {
                        return false;
                    }
                }
                flipped.push((object_index, site_index, in_use));
            }
        }
        // SAFETY: the engine's lock is held, the remaining objects stay loaded,
        // and the batch leads to fallbacks only.
        if !batch.is_empty() && unsafe { publisher.commit(&batch) }.is_err() {
            return false;
        }
        for (object_index, site_index, was_in_use) in flipped {
            let object = &mut objects[object_index];
            let site = &object.sites[site_index];
            let Some(details) = &mut object.details[site_index] else {
                continue;
            };
            for one in &mut details.trampolines {
                one.head = Head::Rest;
            }
            for one in &mut details.last_seen {
                one.in_chain = false;
            }
            if was_in_use && site.phase() == Phase::Watching {
                details.retargets += 1;
                learn(site, details, self.config.window, &mut self.spare);
                details.status = Status::Learning;
            }
        }
        true
    }
}
