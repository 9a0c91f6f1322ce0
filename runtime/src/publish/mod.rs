//! The publisher: from chains to code that runs.
//!
//! A call goes by its plain way until its [key](crate::key) is on, and then by its arm to
//! its trampoline. Copy and flip, as the kernel's BPF dispatcher does it. A chain is written to
//! memory that nobody executes, a barrier makes it visible to every processor,
//! and then one instruction changes: the head of the trampoline, which from then
//! on leads to the chain. Code that may be executing is never edited otherwise,
//! so a thread inside an old chain runs it to its end, correctly, and no grace
//! period is needed.
//!
//! A trampoline's first chain goes into its own body, which the resting head
//! jumps past; that saves a jump and a cache line. Further chains go to the object's
//! own room for them, or near it. Chains are content-addressed: the same targets in front of
//! the same fallback are the same bytes at the same place, so a program that
//! alternates between two plans owns two chains, however long it runs.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::arch::{
    self, Bound, EncodeError, HEAD_BYTES, KEY_BYTES, Receiver, TRAMPOLINE_BYTES, Target,
};
use crate::key::Key;
use crate::os::{CodeMemory, Edit, PatchError};
use crate::site::{Path, Route};

mod arenas;

use arenas::Arenas;

/// Where a trampoline's head leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Head {
    /// To the fallback.
    Rest,
    /// Into the trampoline's own body.
    Body,
    /// To the chain at this address.
    Chain(usize),
    /// To this function.
    Function(usize),
    /// Back to the caller, at once, by these bytes.
    Return([u8; HEAD_BYTES]),
}

/// Where a trampoline is to lead.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Lead<'a> {
    /// To the fallback.
    Rest,
    /// To a chain of these targets.
    Chain(&'a [Target]),
    /// To one implementation, on one object: a binding's.
    Bound(Bound),
    /// To a function with the fallback's signature: what a binding does while nothing
    /// is bound.
    Function(usize),
    /// Back to the caller: the same, where there is nothing to do.
    Return,
}

/// A trampoline and what is known of its code.
pub(crate) struct Trampoline {
    pub(crate) path: Path,
    pub(crate) head: Head,
    body: Body,
    /// Once it was asked for.
    receiver: Option<Receiver>,
}

/// A body is filled once: a thread may be preempted inside it for any time.
enum Body {
    Empty,
    Holds(Code),
    /// It held code that nobody will enter again.
    Released,
    /// A write failed half-way; it is never entered.
    Spoiled,
}

impl Trampoline {
    pub(crate) fn new(path: Path) -> Self {
        Trampoline {
            path,
            head: Head::Rest,
            body: Body::Empty,
            receiver: None,
        }
    }

    /// Where its calls have their receiver.
    fn receiver(&mut self) -> Result<Receiver, PrepareError> {
        let known = self.receiver.or_else(self.path.route.receiver);
        self.receiver = known;
        known.ok_or(PrepareError::Unproven)
    }

    pub(crate) fn at(&self) -> usize {
        self.path.trampoline
    }

    fn fallback(&self) -> usize {
        self.path.route.fallback.addr()
    }

    fn rest(&self) -> usize {
        self.path.route.rest.addr()
    }
}

/// Code and heads to be written in one pass.
#[derive(Default)]
pub(crate) struct Batch {
    code: Vec<(usize, Vec<u8>)>,
    heads: Vec<(usize, [u8; HEAD_BYTES])>,
    keys: Vec<(usize, [u8; KEY_BYTES])>,
    /// Chains that were not there before, and of which method.
    new_chains: Vec<(Code, usize, &'static Route)>,
}

impl Batch {
    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty() && self.keys.is_empty()
    }
}

/// The content of a chain, by which it is found again.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Code {
    Chain {
        targets: Vec<Target>,
        fallback: usize,
        receiver: Receiver,
    },
    Bound(Bound, Receiver),
    Return,
}

impl Code {
    fn of(targets: &Wanted<'_>, fallback: usize, receiver: Receiver) -> Self {
        match targets {
            Wanted::Chain(targets) => Code::Chain {
                targets: targets.to_vec(),
                fallback,
                receiver,
            },
            Wanted::Bound(bound) => Code::Bound(*bound, receiver),
            Wanted::Return => Code::Return,
        }
    }

    /// Whether it is what is wanted, in front of the same fallback.
    fn is(&self, wanted: &Wanted<'_>) -> bool {
        match (self, wanted) {
            (Code::Chain { targets, .. }, Wanted::Chain(wanted)) => targets == wanted,
            (Code::Bound(bound, _), Wanted::Bound(wanted)) => bound == wanted,
            (Code::Return, Wanted::Return) => true,
            _ => false,
        }
    }
}

/// A lead that needs code of its own.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Chain(&'a [Target]),
    Bound(Bound),
    Return,
}

impl Wanted<'_> {
    fn encode(
        &self,
        at: usize,
        fallback: usize,
        receiver: Receiver,
    ) -> Result<Vec<u8>, PrepareError> {
        match self {
            Wanted::Chain(targets) => arch::chain(at, targets, fallback, receiver),
            Wanted::Bound(bound) => arch::bound(at, bound, receiver),
            Wanted::Return => Ok(arch::returning()),
        }
        .map_err(PrepareError::Encode)
    }

    /// An upper bound of the code's length, which depends on where it lies.
    fn longest(&self) -> usize {
        match self {
            Wanted::Chain(targets) => 64 * (targets.len() + 1),
            Wanted::Bound(_) | Wanted::Return => arch::CHAIN_ALIGN,
        }
    }
}

/// Owns the executable memory of this process's chains.
pub(crate) struct Publisher {
    memory: Box<dyn CodeMemory>,
    arenas: Arenas,
    chains: HashMap<Code, usize>,
    /// Where else those lie that objects lead to which are out of each other's reach: a
    /// binding's copies in a host and a plugin, say.
    elsewhere: HashMap<Code, Vec<usize>>,
}

/// How far a batch got.
#[derive(Debug)]
pub(crate) struct CommitError {
    /// Heads and keys below this address were flipped, the others not.
    pub(crate) flipped_below: usize,
    pub(crate) source: PatchError,
}

/// Why a chain could not be prepared.
#[derive(Debug)]
pub(crate) enum PrepareError {
    Encode(EncodeError),
    Patch(PatchError),
    /// The trampoline does not hold what the macro put there.
    Foreign {
        at: usize,
    },
    /// What a chain would lead to is not code of a loaded object.
    NotCode {
        at: usize,
    },
    /// It was not found out where calls have their receiver.
    Unproven,
}

impl Publisher {
    pub(crate) fn new(memory: Box<dyn CodeMemory>) -> Self {
        Publisher {
            memory,
            arenas: Arenas::default(),
            chains: HashMap::new(),
            elsewhere: HashMap::new(),
        }
    }

    /// Why chains have no names that were asked for.
    pub(crate) fn naming_error(&self) -> Option<&str> {
        self.memory.naming_error()
    }

    /// Chains outside of trampolines: how many, and their size in bytes.
    pub(crate) fn chains(&self) -> (usize, usize) {
        let elsewhere: usize = self.elsewhere.values().map(Vec::len).sum();
        (self.chains.len() + elsewhere, self.arenas.chain_bytes())
    }

    /// As [`prepare`](Self::prepare) for all trampolines of a site, or for none:
    /// after an error the batch and the trampolines are as before.
    pub(crate) fn prepare_all(
        &mut self,
        trampolines: &mut [Trampoline],
        targets: &[Target],
        batch: &mut Batch,
    ) -> Result<Vec<Head>, PrepareError> {
        let (code, heads) = (batch.code.len(), batch.heads.len());
        let chains = batch.new_chains.len();
        let mut prepared = Vec::with_capacity(trampolines.len());
        for index in 0..trampolines.len() {
            match self.prepare(&mut trampolines[index], Lead::Chain(targets), batch) {
                Ok(head) => prepared.push(head),
                Err(error) => {
                    batch.heads.truncate(heads);
                    let new: Vec<_> = batch.new_chains.drain(chains..).collect();
                    self.forget(&new);
                    for (at, _) in batch.code.drain(code..) {
                        let filled = |one: &&mut Trampoline| one.at() + HEAD_BYTES == at;
                        if let Some(trampoline) = trampolines.iter_mut().find(filled) {
                            trampoline.body = Body::Empty;
                        }
                    }
                    return Err(error);
                }
            }
        }
        Ok(prepared)
    }

    /// Adds to `batch` what leads `trampoline` where it is to lead, and returns where
    /// its head will then lead. A chain of no targets is the fallback.
    pub(crate) fn prepare(
        &mut self,
        trampoline: &mut Trampoline,
        lead: Lead<'_>,
        batch: &mut Batch,
    ) -> Result<Head, PrepareError> {
        let head = match lead {
            Lead::Rest | Lead::Chain([]) => Head::Rest,
            Lead::Chain(targets) => self.code(trampoline, Wanted::Chain(targets), batch)?,
            Lead::Bound(bound) => self.code(trampoline, Wanted::Bound(bound), batch)?,
            Lead::Function(at) => {
                self.check(trampoline, [at])?;
                Head::Function(at)
            }
            Lead::Return => match arch::head_return() {
                Some(head) => {
                    self.check(trampoline, [])?;
                    Head::Return(head)
                }
                // Behind a head that may be a NOP or a branch only.
                None => self.code(trampoline, Wanted::Return, batch)?,
            },
        };
        if head != trampoline.head {
            let at = trampoline.at();
            let bytes = match head {
                Head::Rest => arch::head_jump(at, trampoline.rest()),
                Head::Body => Ok(arch::head_enter_body()),
                Head::Chain(to) | Head::Function(to) => arch::head_jump(at, to),
                Head::Return(bytes) => Ok(bytes),
            };
            batch.heads.push((at, bytes.map_err(PrepareError::Encode)?));
        }
        Ok(head)
    }

    /// Adds to `batch` what switches these keys on or off.
    ///
    /// # Errors
    /// One of them is not what the macro put there, or leads nowhere; nothing is added.
    pub(crate) fn prepare_keys(
        &mut self,
        keys: &[Key],
        on: bool,
        batch: &mut Batch,
    ) -> Result<(), PrepareError> {
        let before = batch.keys.len();
        for key in keys {
            let bytes = self.key(*key, on).inspect_err(|_| {
                batch.keys.truncate(before);
            })?;
            batch.keys.push((key.at, bytes));
        }
        Ok(())
    }

    /// Adds to `batch` what has these places of a static key take the other way, or the way
    /// that they were built with: at no moment what they do not say.
    ///
    /// # Errors
    /// As for [`prepare_keys`](Self::prepare_keys).
    pub(crate) fn prepare_places(
        &mut self,
        places: &[Key],
        other: bool,
        batch: &mut Batch,
    ) -> Result<(), PrepareError> {
        self.prepare_keys(places, other, batch)?;
        for place in places {
            self.memory.exchange_whole(place.at);
        }
        Ok(())
    }

    fn key(&mut self, key: Key, on: bool) -> Result<[u8; KEY_BYTES], PrepareError> {
        let Key { at, arm } = key;
        for at in [at, arm] {
            if !self.memory.is_code(at) {
                return Err(PrepareError::NotCode { at });
            }
        }
        // Eight bytes in one aligned word, whatever the record says.
        let is_within = at % 8 + KEY_BYTES <= 8;
        let jump = arch::key_on(at, arm).map_err(PrepareError::Encode)?;
        // SAFETY: code of a loaded object, all in one page, that nobody writes but us,
        // under the runtime's lock.
        let found = || unsafe { std::ptr::read_volatile(at as *const [u8; KEY_BYTES]) };
        if !is_within || ![jump, arch::key_off()].contains(&found()) {
            return Err(PrepareError::Foreign { at });
        }
        self.memory.admit(at).map_err(PrepareError::Patch)?;
        Ok(if on { jump } else { arch::key_off() })
    }

    /// Looks at what would lead where, before it is believed: addresses come from
    /// tables and records, which may be a plugin's.
    fn check(
        &mut self,
        trampoline: &Trampoline,
        targets: impl IntoIterator<Item = usize>,
    ) -> Result<(), PrepareError> {
        let own = [trampoline.at(), trampoline.rest(), trampoline.fallback()];
        for at in targets.into_iter().chain(own) {
            if !self.memory.is_code(at) {
                return Err(PrepareError::NotCode { at });
            }
        }
        // Before the first patch.
        if trampoline.head == Head::Rest && matches!(trampoline.body, Body::Empty) {
            check_at_rest(trampoline.at(), trampoline.rest())?;
            let admitted = self.memory.admit(trampoline.at());
            admitted.map_err(PrepareError::Patch)?;
        }
        Ok(())
    }

    fn code(
        &mut self,
        trampoline: &mut Trampoline,
        wanted: Wanted<'_>,
        batch: &mut Batch,
    ) -> Result<Head, PrepareError> {
        let fallback = trampoline.fallback();
        let receiver = match wanted {
            // No register is compared or written.
            Wanted::Return => Receiver::First,
            Wanted::Chain(_) | Wanted::Bound(_) => trampoline.receiver()?,
        };
        if let Body::Holds(held) = &trampoline.body
            && held.is(&wanted)
        {
            return Ok(Head::Body);
        }
        match wanted {
            Wanted::Chain(targets) => {
                let shims = targets.iter().map(|target| target.shim);
                self.check(trampoline, shims)?;
            }
            Wanted::Bound(bound) => self.check(trampoline, [bound.shim])?,
            Wanted::Return => self.check(trampoline, [])?,
        }
        match &trampoline.body {
            Body::Empty | Body::Released => {
                let body = trampoline.at() + HEAD_BYTES;
                let code = wanted.encode(body, fallback, receiver)?;
                if code.len() <= TRAMPOLINE_BYTES - HEAD_BYTES {
                    let is_free = matches!(trampoline.body, Body::Released)
                        || is_body_as_built(trampoline.at());
                    if is_free {
                        batch.code.push((body, code));
                        trampoline.body = Body::Holds(Code::of(&wanted, fallback, receiver));
                        return Ok(Head::Body);
                    }
                    trampoline.body = Body::Spoiled;
                }
            }
            Body::Holds(_) | Body::Spoiled => {}
        }
        let key = Code::of(&wanted, fallback, receiver);
        let near = trampoline.at();
        let may_lead = |at| arch::head_jump(near, at).is_ok() && self.arenas.admits(at, near);
        let elsewhere = self.elsewhere.get(&key).into_iter().flatten();
        let mut known = self.chains.get(&key).into_iter().chain(elsewhere);
        if let Some(&at) = known.find(|at| may_lead(**at)) {
            return Ok(Head::Chain(at));
        }
        let longest = wanted.longest();
        let memory = &mut *self.memory;
        let at = self.arenas.allocate(memory, near, longest);
        let at = at.map_err(PrepareError::Patch)?;
        let code = wanted.encode(at, fallback, receiver)?;
        self.arenas.shrink(at, longest, code.len());
        batch.code.push((at, code));
        batch
            .new_chains
            .push((key.clone(), at, trampoline.path.route));
        match self.chains.entry(key) {
            Entry::Vacant(first) => {
                first.insert(at);
            }
            Entry::Occupied(first) => {
                let known = self.elsewhere.entry(first.key().clone());
                known.or_default().push(at);
            }
        }
        Ok(Head::Chain(at))
    }

    /// Forgets the code that leads to objects which are gone, by their addresses, and
    /// gives its places to the next.
    ///
    /// # Safety
    /// No head leads there, and no thread is inside: whoever says that an object is gone
    /// knows that no call of it is under way.
    pub(crate) unsafe fn release(&mut self, objects: &HashSet<usize>) {
        let mut free = Vec::new();
        let is_gone =
            |code: &Code| matches!(code, Code::Bound(one, _) if objects.contains(&one.data));
        self.chains.retain(|code, at| {
            let gone = is_gone(code);
            free.extend(gone.then_some(*at));
            !gone
        });
        self.elsewhere.retain(|code, places| {
            let gone = is_gone(code);
            free.extend(places.iter().filter(|_| gone));
            !gone
        });
        for at in free {
            self.arenas.release(at);
        }
    }

    /// From now on chains lie in the room of an object, while there is some left: in a
    /// plugin's, which lies in `plugin`, only the plugin's own.
    ///
    /// # Safety
    /// It is a [room](crate::os::Room) that nobody else has, and its object stays loaded
    /// until [`forget_object`](Self::forget_object).
    pub(crate) unsafe fn add_room(&mut self, room: Range<usize>, plugin: Option<Range<usize>>) {
        self.arenas.add_room(room, plugin);
    }

    /// Forgets the chains in a plugin, which its own trampolines alone led to.
    pub(crate) fn forget_object(&mut self, plugin: &Range<usize>) {
        self.chains.retain(|_, at| !plugin.contains(at));
        self.elsewhere.retain(|_, places| {
            places.retain(|at| !plugin.contains(at));
            !places.is_empty()
        });
        self.arenas.forget(plugin);
        self.memory.forget(plugin);
    }

    /// Forgets chains that were never written.
    fn forget(&mut self, chains: &[(Code, usize, &Route)]) {
        for (key, at, _) in chains {
            if self.chains.get(key) == Some(at) {
                self.chains.remove(key);
            } else if let Some(places) = self.elsewhere.get_mut(key) {
                places.retain(|known| known != at);
            }
            self.arenas.forget_chain(*at);
        }
    }

    /// Gives up a batch that was never committed. Its trampolines' bodies were not
    /// written, and are not to be entered: [`Trampoline::spoil_unless_entered`].
    pub(crate) fn abandon(&mut self, batch: &Batch) {
        self.forget(&batch.new_chains);
    }

    /// Switches keys off that were on: without allocation, by whatever thread has the lock,
    /// wherever it is. Whether all are off; if not, they are as they were, or some are.
    /// [`settle`](Self::settle) is to follow.
    ///
    /// # Safety
    /// As for [`commit`](Self::commit).
    pub(crate) unsafe fn switch_off(&mut self, keys: &[Key]) -> bool {
        let off = arch::key_off();
        keys.iter().all(|key| {
            let edit = Edit {
                at: key.at,
                bytes: &off,
            };
            // SAFETY: one instruction in an aligned word, and the caller's.
            unsafe { self.memory.replace_again(&edit) }.is_ok()
        })
    }

    /// Every processor runs what was written from here on.
    pub(crate) fn settle(&mut self) {
        // A refusal leaves a processor that may run what was there before a little longer,
        // which is right as well.
        let _ = self.memory.barrier();
    }

    /// Writes a batch: chains, barrier, heads and keys in any order, barrier. A key that is
    /// on leads to a head that is right, whichever it is.
    ///
    /// # Errors
    /// A refused step. Every trampoline still leads to complete code; the error
    /// says which heads and keys were flipped.
    ///
    /// # Safety
    /// Nobody else patches these trampolines at the same time, their objects stay
    /// loaded during the call, and every shim in the batch stays loaded for as
    /// long as its chain is led to.
    pub(crate) unsafe fn commit(&mut self, batch: &Batch) -> Result<(), CommitError> {
        let failed = |source| CommitError {
            flipped_below: 0,
            source,
        };
        if !batch.code.is_empty() {
            let edits: Vec<_> = batch
                .code
                .iter()
                .map(|(at, bytes)| Edit { at: *at, bytes })
                .collect();
            // SAFETY: bodies are entered only by heads that are flipped below, and
            // arenas hold breakpoints that nothing leads to; the pages are code of
            // a loaded object or reserved by us.
            let written = unsafe { self.memory.replace(&edits) };
            if let Err(error) = written.and_then(|()| self.memory.barrier()) {
                self.forget(&batch.new_chains);
                return Err(failed(error));
            }
            for (_, at, route) in &batch.new_chains {
                let code = *at..at + self.arenas.length(*at);
                let of = route.declaration;
                let method = of.methods().get(route.method).map_or("?", |one| one.name());
                let name = format_args!("static_call::chain of {}::{method}", of.name());
                self.memory.name(&code, name);
            }
        }
        if batch.is_empty() {
            return Ok(());
        }
        let heads = batch.heads.iter();
        let heads = heads.map(|(at, bytes)| Edit { at: *at, bytes });
        let keys = batch.keys.iter();
        let edits: Vec<_> = heads
            .chain(keys.map(|(at, bytes)| Edit { at: *at, bytes }))
            .collect();
        // SAFETY: each edit is one instruction in an aligned word; a thread stands before
        // it or past it, and both the old and the new one lead to complete code.
        if let Err(source) = unsafe { self.memory.replace(&edits) } {
            return Err(CommitError {
                flipped_below: source.below,
                source,
            });
        }
        self.memory.barrier().map_err(|source| CommitError {
            flipped_below: usize::MAX,
            source,
        })
    }
}

/// Whether nothing was ever written into the body of a trampoline that was found to be
/// one. A plugin that was let go and loaded again while somebody else kept its library
/// has the chains of its earlier life, and a thread may stand in one.
fn is_body_as_built(at: usize) -> bool {
    let body = (at + HEAD_BYTES) as *const [u8; TRAMPOLINE_BYTES - HEAD_BYTES];
    // SAFETY: the rest of a trampoline's bytes: code of a loaded object, in one page,
    // which nobody writes but us, under the runtime's lock.
    let body = unsafe { std::ptr::read_volatile(body) };
    arch::is_empty_body(&body)
}

impl Trampoline {
    /// After a failed commit, with `head` as far as it got: a body that may be
    /// half written is never entered.
    pub(crate) fn spoil_unless_entered(&mut self) {
        if self.head != Head::Body {
            self.body = Body::Spoiled;
        }
    }

    /// Empties a body that leads to one of the objects, which are gone.
    ///
    /// # Safety
    /// As for [`Publisher::release`].
    pub(crate) unsafe fn release(&mut self, objects: &HashSet<usize>) {
        let leads_there = matches!(&self.body, Body::Holds(Code::Bound(bound, _)) if objects.contains(&bound.data));
        if leads_there && self.head != Head::Body {
            self.body = Body::Released;
        }
    }
}

/// Looks at a trampoline before it is patched for the first time: it must be
/// what the macro emits, wherever the address came from.
fn check_at_rest(at: usize, rest: usize) -> Result<(), PrepareError> {
    if !at.is_multiple_of(TRAMPOLINE_BYTES) {
        return Err(PrepareError::Foreign { at });
    }
    // SAFETY: a path's trampoline is a function of a loaded object, at least one
    // instruction long, and its alignment was checked, so that all eight bytes lie
    // in one page. Nobody writes it but us, under the runtime's lock.
    let head = unsafe { std::ptr::read_volatile(at as *const [u8; HEAD_BYTES]) };
    if arch::is_rest_head(at, &head, rest) {
        Ok(())
    } else {
        Err(PrepareError::Foreign { at })
    }
}

#[cfg(test)]
mod tests;
