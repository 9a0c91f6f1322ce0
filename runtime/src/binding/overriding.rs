//! Overrides with a scope, for tests.

use core::marker::PhantomData;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use super::change::Decision;
use super::{Binding, SwapError, holder};
use crate::registry::TraitObject;

/// Which thread has overridden a binding, and how many times. Looked at under [`WAITING`].
pub(super) struct Overrides {
    owner: Mutex<Option<(ThreadId, usize)>>,
    released: Condvar,
}

/// Threads that wait for another thread's override to end, each with the binding's name.
static WAITING: Mutex<Vec<(ThreadId, &'static str, &'static Overrides)>> = Mutex::new(Vec::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Overrides {
    pub(super) const fn new() -> Self {
        Overrides {
            owner: Mutex::new(None),
            released: Condvar::new(),
        }
    }

    /// Waits until no other thread has an override.
    ///
    /// # Errors
    /// What the thread that has it waits for, if only this thread could end that.
    fn enter(&'static self, name: &'static str) -> Result<(), &'static str> {
        let me = thread::current().id();
        let mut waiting = lock(&WAITING);
        loop {
            let mut of = match &mut *lock(&self.owner) {
                none @ None => {
                    *none = Some((me, 1));
                    return Ok(());
                }
                Some((thread, depth)) if *thread == me => {
                    *depth += 1;
                    return Ok(());
                }
                Some((thread, _)) => *thread,
            };
            // Each thread waits for one at most. Nobody can wait in a circle but by who begins
            // to; one that was woken and has not looked yet may seem to.
            for _ in 0..waiting.len() {
                let Some((_, name, other)) = waiting.iter().find(|(one, ..)| *one == of) else {
                    break;
                };
                match *lock(&other.owner) {
                    Some((thread, _)) if thread == me => return Err(name),
                    Some((thread, _)) => of = thread,
                    None => break,
                }
            }
            waiting.push((me, name, self));
            waiting = self
                .released
                .wait(waiting)
                .unwrap_or_else(PoisonError::into_inner);
            waiting.retain(|(thread, ..)| *thread != me);
        }
    }

    fn leave(&self) {
        let _waiting = lock(&WAITING);
        let mut owner = lock(&self.owner);
        *owner = owner
            .filter(|(_, depth)| *depth > 1)
            .map(|(thread, depth)| (thread, depth - 1));
        if owner.is_none() {
            self.released.notify_one();
        }
    }
}

/// An override that ends when this is dropped: what was bound before is bound again,
/// whatever was swapped in meanwhile. See [`Binding::override_with`].
#[must_use = "the override ends when this is dropped"]
pub struct Override<D: TraitObject + ?Sized + 'static, K: 'static> {
    binding: &'static Binding<D, K>,
    number: u64,
    /// It is one thread's.
    thread: PhantomData<*const ()>,
}

impl<D: TraitObject + ?Sized + 'static, K> Binding<D, K> {
    /// Binds an object until the returned guard is dropped: for tests.
    ///
    /// Other threads' calls are the object's, too. A thread that overrides the binding
    /// while another thread's override is in force waits until that ends, so that tests
    /// that run side by side do not mix. One thread's overrides nest.
    ///
    /// The object is `'static`, a `static` of the test or a leaked box: other threads may
    /// be inside it when the guard is dropped.
    ///
    /// # Panics
    /// Where [`swap`](Self::swap) would fail: a test that goes on without its override
    /// would prove nothing. And where it would wait for ever, since the other thread waits
    /// for an override of this one: override several bindings in one order everywhere.
    pub fn override_with(&'static self, object: &'static D) -> Override<D, K>
    where
        D: Sync,
    {
        let this = self.leader();
        let name = this.record.name;
        if let Err(other) = this.overrides.enter(name) {
            panic!(
                "overriding `{name}` would wait for ever: the thread that overrides it waits for \
                 `{other}`, which this thread overrides; override both in one order everywhere"
            );
        }
        let origins = holder::origins(object);
        let mut number = 0;
        let swapped = this.change(|this, inner, current| {
            inner.last_override += 1;
            number = inner.last_override;
            inner.overridden.push((number, current.cloned()));
            Decision::Bind(Some(this.fixed(inner, object, origins)))
        });
        let guard = Override {
            binding: this,
            number,
            thread: PhantomData,
        };
        if let Err(error) = swapped {
            panic!("the binding `{name}` was not overridden: {error}");
        }
        guard
    }

    /// Ends an override. One that is not the latest hands what it has replaced to the
    /// next.
    fn end_override(&'static self, number: u64) -> Result<(), SwapError> {
        let mut given_up = None;
        let ended = self.change(|_, inner, _| {
            let at = inner.overridden.iter().position(|(one, _)| *one == number);
            let Some(at) = at else {
                return Decision::Leave;
            };
            let (_, replaced) = inner.overridden.remove(at);
            match inner.overridden.get_mut(at) {
                Some((_, by_next)) => {
                    given_up = std::mem::replace(by_next, replaced);
                    Decision::Leave
                }
                None => Decision::Bind(replaced),
            }
        });
        // Outside of all locks: a `drop` may swap.
        drop(given_up);
        ended.map(drop)
    }
}

impl<D: TraitObject + ?Sized + 'static, K> Drop for Override<D, K> {
    fn drop(&mut self) {
        let ended = self.binding.end_override(self.number);
        self.binding.overrides.leave();
        if let Err(error) = ended
            && !std::thread::panicking()
        {
            panic!(
                "the override of `{}` did not end: {error}",
                self.binding.record.name
            );
        }
    }
}
