//! Bindings, as far as the engine knows them: trampolines that lead to one object.

use std::collections::HashSet;
use std::ops::Range;

use super::outcome::Retarget;
use super::{Engine, Patching};
use crate::arch::Bound;
use crate::bound::{BindingRecord, New, Object, SwapError, TrampolineOfBinding, Unbound};
use crate::config::Mode;
use crate::os::PatchError;
use crate::publish::{Batch, CommitError, Head, Lead, PrepareError, Trampoline};
use crate::site::{Path, Route};

/// A binding of the program, or its copy in a plugin.
pub(crate) struct BoundBinding {
    pub(crate) record: &'static BindingRecord,
    /// Which plugin the copy lies in.
    pub(crate) plugin: Option<u64>,
    pub(crate) trampolines: Vec<OneTrampoline>,
    /// Times that something else was bound.
    pub(crate) swaps: u64,
    /// Why it is not patched, if it should be.
    pub(crate) unpatchable: Option<String>,
}

/// One method's trampoline, as one crate has it.
pub(crate) struct OneTrampoline {
    pub(super) trampoline: Trampoline,
    method: usize,
    unbound: Unbound,
}

impl OneTrampoline {
    pub(crate) fn is_patched(&self) -> bool {
        self.trampoline.head != Head::Rest
    }

    /// Where it leads if this is bound, and code can be patched.
    fn lead(&self, bound: Option<Object>, may_be_unbound: bool) -> Lead<'static> {
        match bound {
            Some(object) => object.table.shim(self.method).map_or(Lead::Rest, |shim| {
                let data = object.data;
                Lead::Bound(Bound { data, shim })
            }),
            // To be made on first use, by the way at rest.
            None if !may_be_unbound => Lead::Rest,
            None => match self.unbound {
                Unbound::Return => Lead::Return,
                Unbound::Code(function) => Lead::Function(function.address()),
                Unbound::Never => Lead::Rest,
            },
        }
    }
}

/// The bindings of one loaded object, with their trampolines.
pub(super) fn of_object(
    records: &'static [BindingRecord],
    trampolines: &'static [TrampolineOfBinding],
    plugin: Option<u64>,
    routes: &mut Vec<&'static Route>,
) -> Vec<BoundBinding> {
    let mut bindings: Vec<_> = records
        .iter()
        .map(|record| BoundBinding {
            record,
            plugin,
            trampolines: Vec::new(),
            swaps: 0,
            unpatchable: None,
        })
        .collect();
    for one in trampolines {
        let (Some(record), Some(unbound), Some(receiver)) = (one.record, one.unbound, one.receiver)
        else {
            continue;
        };
        let record = record();
        let is_it = |binding: &&mut BoundBinding| core::ptr::eq(binding.record, record);
        let Some(binding) = bindings.iter_mut().find(is_it) else {
            continue;
        };
        let route = Route::of_binding((record.declaration)(), one.method, one.rest, receiver);
        // Leaked, once: a plugin that comes again mostly comes to the same place.
        let known = routes.iter().find(|known| known.is_same(&route)).copied();
        let route = known.unwrap_or_else(|| {
            let route: &'static Route = Box::leak(Box::new(route));
            routes.push(route);
            route
        });
        binding.trampolines.push(OneTrampoline {
            trampoline: Trampoline::new(Path {
                route,
                trampoline: one.trampoline.addr(),
            }),
            method: one.method,
            unbound: unbound(),
        });
    }
    bindings
}

impl Engine {
    /// For each of a plugin's bindings the host's that it is, if the host has it.
    ///
    /// # Errors
    /// One of which that cannot be told.
    #[cfg(plugins)]
    pub(crate) fn leaders(
        &self,
        records: &'static [BindingRecord],
    ) -> Result<Vec<Option<&'static BindingRecord>>, &'static BindingRecord> {
        let (ours, theirs): (Vec<_>, Vec<_>) = (self.bindings_of_host(), records.iter().collect());
        let leader = |one: &&'static BindingRecord| {
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

    /// Adds a plugin's bindings. Those that the host has too follow the host's.
    ///
    /// # Safety
    /// The records and trampolines lie in the plugin, all of them and whole; `leaders` are
    /// those that [`leaders`](Self::leaders) has found for the records.
    pub(super) unsafe fn add_bindings(
        &mut self,
        records: &'static [BindingRecord],
        trampolines: &'static [TrampolineOfBinding],
        plugin: u64,
        leaders: &[Option<&'static BindingRecord>],
    ) {
        let bindings = of_object(records, trampolines, Some(plugin), &mut self.routes);
        for (binding, leader) in bindings.into_iter().zip(leaders) {
            if let Some(leader) = leader {
                let (cell, of_leader) = (binding.record.cell(), leader.cell());
                let current = of_leader
                    .current()
                    .map_or(std::ptr::null(), |current| current.as_ptr().cast_const());
                // SAFETY: the same binding, by name, types, and versions; what is bound
                // there is of the same type here.
                unsafe {
                    cell.follow(of_leader);
                    cell.set(current);
                }
            }
            self.bindings.push(binding);
        }
    }

    /// Leads all trampolines of a binding, and of the copies that follow it, to an
    /// object, or to nothing.
    pub(crate) fn bind(
        &mut self,
        record: &'static BindingRecord,
        new: Option<New>,
    ) -> Result<(), SwapError> {
        let members = self.members(record);
        let bound = |_: &BindingRecord| new.map(|new| new.object);
        // A refusal leaves the backend portable, and then there is another way: to rest,
        // unless that is refused as well.
        self.lead(&members, &bound)
            .or_else(|_| self.lead(&members, &bound))
            .map_err(|error| SwapError::Refused {
                step: error.step,
                source: error.source,
            })?;
        if let Some(new) = new
            && new.is_boxed
        {
            // A box that a plugin's own code swaps in says nothing of its library.
            self.trust.keep_plugin_of(new.object.vtable);
        }
        let current = new.map_or(std::ptr::null(), |new| new.reference);
        for &member in &members {
            let binding = &mut self.bindings[member];
            binding.swaps += 1;
            // SAFETY: `New::reference` is that of a holder, which the binding keeps while
            // it is bound and, by the contract of `Binding::reclaim`, as long as calls may
            // read it.
            unsafe { binding.record.cell().set(current) };
        }
        Ok(())
    }

    /// Patches the bindings that are not, where code can be patched, and takes them back
    /// to rest where it is not to be.
    pub(super) fn retarget_bindings(&mut self, outcome: &mut Retarget) -> Result<(), PatchError> {
        let all: Vec<_> = (0..self.bindings.len()).collect();
        outcome.bindings = all.len();
        if !matches!(self.patching, Patching::Works(_)) {
            return Ok(());
        }
        outcome.bound = self.lead(&all, &BindingRecord::object)?;
        Ok(())
    }

    /// Leads the trampolines of some bindings to what `bound` says; returns how many
    /// bindings that concerned. After an error each trampoline leads to what it led to
    /// before, or already to what it was to lead to.
    fn lead(
        &mut self,
        members: &[usize],
        bound: &dyn Fn(&BindingRecord) -> Option<Object>,
    ) -> Result<usize, PatchError> {
        let off = self.mode() == Mode::Off;
        let Engine {
            patching, bindings, ..
        } = self;
        let (publisher, off) = match patching {
            Patching::Works(publisher) => (publisher, off),
            // Nothing new is published, but what was must not stay.
            Patching::Failed { publisher, .. } => (publisher, true),
            Patching::Unavailable { .. } => return Ok(0),
        };
        let mut batch = Batch::default();
        let mut flips = Vec::new();
        let mut refused = None;
        for &member in members {
            let binding = &mut bindings[member];
            let object = bound(binding.record);
            let may_be_unbound = binding.record.may_be_unbound;
            binding.unpatchable = None;
            for (index, one) in binding.trampolines.iter_mut().enumerate() {
                let lead = if off {
                    Lead::Rest
                } else {
                    one.lead(object, may_be_unbound)
                };
                let head = match publisher.prepare(&mut one.trampoline, lead, &mut batch) {
                    Ok(head) => head,
                    Err(PrepareError::Patch(error)) if error.is_refusal() => {
                        refused = Some(error);
                        one.trampoline.head
                    }
                    Err(error) => {
                        // By the way at rest, which is always right.
                        binding.unpatchable = Some(super::visit::describe(&error));
                        let rest = publisher.prepare(&mut one.trampoline, Lead::Rest, &mut batch);
                        rest.unwrap_or(one.trampoline.head)
                    }
                };
                if head != one.trampoline.head {
                    flips.push((member, index, head));
                }
            }
        }
        let committed = match refused {
            Some(error) => {
                publisher.abandon(&batch);
                Err(CommitError {
                    flipped_below: 0,
                    source: error,
                })
            }
            // SAFETY: the engine's lock is held. Shims belong to objects that are bound,
            // whose libraries stay loaded while they are.
            None => unsafe { publisher.commit(&batch) },
        };
        let flipped_below = committed
            .as_ref()
            .map_or_else(|error| error.flipped_below, |()| usize::MAX);
        let mut changed: Vec<usize> = Vec::new();
        for (member, index, head) in flips {
            let one = &mut bindings[member].trampolines[index].trampoline;
            if one.at() < flipped_below {
                one.head = head;
                changed.push(member);
            }
            if committed.is_err() {
                one.spoil_unless_entered();
            }
        }
        changed.dedup();
        match committed {
            Ok(()) => Ok(changed.len()),
            Err(error) => {
                self.see_at_rest(&error.source.at_rest);
                self.refuse(error.source.to_string());
                Err(error.source)
            }
        }
    }

    /// The binding and the copies that follow it.
    fn members(&self, record: &BindingRecord) -> Vec<usize> {
        let cell = record.cell();
        let bindings = self.bindings.iter().enumerate();
        bindings
            .filter(|(_, binding)| {
                let own = binding.record.cell();
                core::ptr::eq(own, cell) || core::ptr::eq(own.leader(), cell)
            })
            .map(|(index, _)| index)
            .collect()
    }

    /// Forgets the code that leads to objects which are gone.
    ///
    /// # Safety
    /// They are not bound, and no thread is inside a call of them.
    pub(crate) unsafe fn release(&mut self, record: &BindingRecord, objects: &[usize]) {
        let members = self.members(record);
        let publisher = match &mut self.patching {
            Patching::Works(publisher) | Patching::Failed { publisher, .. } => publisher,
            Patching::Unavailable { .. } => return,
        };
        // All in one pass: there may be a great many.
        let mut gone: HashSet<_> = objects.iter().copied().collect();
        for &member in &members {
            if let Some(bound) = self.bindings[member].record.object() {
                gone.remove(&bound.data);
            }
        }
        // SAFETY: the caller's; no head leads there, since something else is bound.
        unsafe { publisher.release(&gone) };
        for &member in &members {
            for one in &mut self.bindings[member].trampolines {
                // SAFETY: as above.
                unsafe { one.trampoline.release(&gone) };
            }
        }
    }

    /// The bindings that are not copies in plugins.
    pub(crate) fn bindings_of_host(&self) -> Vec<&'static BindingRecord> {
        let of_host = self.bindings.iter().filter(|one| one.plugin.is_none());
        of_host.map(|binding| binding.record).collect()
    }

    /// The host's binding that is bound to something in `range`, if one is.
    pub(crate) fn bound_into(&self, range: &Range<usize>) -> Option<&'static BindingRecord> {
        let mut of_host = self.bindings.iter().filter(|one| one.plugin.is_none());
        let bound = of_host.find(|binding| {
            binding.record.object().is_some_and(|object| {
                let table = core::ptr::from_ref(object.table).addr();
                [object.data, object.vtable, table]
                    .iter()
                    .any(|address| range.contains(address))
            })
        });
        bound.map(|binding| binding.record)
    }

    /// Lets a plugin's copies follow no more: their trampolines go to rest, and from
    /// there to the host's binding. Returns whether that is so.
    pub(super) fn remove_bindings(&mut self, plugin: u64) -> bool {
        let (gone, kept) = std::mem::take(&mut self.bindings)
            .into_iter()
            .partition(|binding| binding.plugin == Some(plugin));
        self.bindings = gone;
        let all: Vec<_> = (0..self.bindings.len()).collect();
        let at_rest = self.put_to_rest(&all);
        for binding in &self.bindings {
            let cell = binding.record.cell();
            if !cell.leader().is_null() {
                // SAFETY: null leads to the leader, which stays.
                unsafe { cell.set(std::ptr::null()) };
            }
        }
        self.bindings = kept;
        at_rest
    }

    fn put_to_rest(&mut self, members: &[usize]) -> bool {
        let publisher = match &mut self.patching {
            Patching::Works(publisher) | Patching::Failed { publisher, .. } => publisher,
            Patching::Unavailable { .. } => return true,
        };
        let mut batch = Batch::default();
        for &member in members {
            for one in &mut self.bindings[member].trampolines {
                if publisher
                    .prepare(&mut one.trampoline, Lead::Rest, &mut batch)
                    .is_err()
                {
                    return false;
                }
            }
        }
        // SAFETY: the engine's lock is held; the batch leads to ways at rest only, of a
        // library that is still loaded.
        batch.is_empty() || unsafe { publisher.commit(&batch) }.is_ok()
    }
}
