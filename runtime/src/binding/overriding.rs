//! Overrides with a scope, for tests.

use core::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Thread, ThreadId};
use std::time::Duration;

use super::change::Decision;
use super::handle;
use crate::bound::{Binding, Overrides, Owner, SwapError};
use crate::registry::TraitObject;

/// A thread that waits for another thread's override to end.
struct Waits {
    thread: ThreadId,
    name: &'static str,
    overrides: &'static Overrides,
}

static WAITING: Mutex<Vec<Waits>> = Mutex::new(Vec::new());

thread_local! {
    static ALIVE: Arc<()> = Arc::new(());
}

/// How often a thread that waits looks whether the other one is still there.
const LOOKS: Duration = Duration::from_millis(200);

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn title(thread: &Thread) -> String {
    match thread.name() {
        Some(name) => format!("the thread `{name}`"),
        None => "another thread".to_owned(),
    }
}

impl Overrides {
    /// Waits until no other thread has an override.
    ///
    /// # Errors
    /// Why that would never be.
    fn enter(&'static self, name: &'static str) -> Result<(), String> {
        let thread = thread::current();
        let me = thread.id();
        let alive = ALIVE.try_with(Arc::downgrade).ok();
        let mut waiting = lock(&WAITING);
        let mut ended = None;
        loop {
            let (owner, is_alive) = match &mut *lock(&self.owner) {
                none @ None => {
                    let depth = 1;
                    *none = Some(Owner {
                        thread,
                        depth,
                        alive,
                    });
                    return Ok(());
                }
                Some(owner) if owner.thread.id() == me => {
                    owner.depth += 1;
                    return Ok(());
                }
                Some(owner) => {
                    let alive = owner.alive.as_ref();
                    let is_alive = alive.is_none_or(|alive| alive.strong_count() > 0);
                    (owner.thread.clone(), is_alive)
                }
            };
            // Twice: a thread that ends may drop a guard that lies in one of its own variables.
            if !is_alive && ended.replace(owner.id()) == Some(owner.id()) {
                return Err(format!(
                    "{} has ended and never dropped what its `override_with` returned",
                    title(&owner)
                ));
            }
            // Each thread waits for one at most. Nobody can wait in a circle but by who begins
            // to; one that was woken and has not looked yet may seem to.
            let mut of = owner.id();
            for _ in 0..waiting.len() {
                let Some(other) = waiting.iter().find(|one| one.thread == of) else {
                    break;
                };
                match &*lock(&other.overrides.owner) {
                    Some(next) if next.thread.id() == me => {
                        return Err(format!(
                            "{}, which overrides it, waits for `{}`, which this thread overrides; \
                             override both in one order everywhere",
                            title(&owner),
                            other.name
                        ));
                    }
                    Some(next) => of = next.thread.id(),
                    None => break,
                }
            }
            waiting.push(Waits {
                thread: me,
                name,
                overrides: self,
            });
            let (woken, _) = self
                .released
                .wait_timeout(waiting, LOOKS)
                .unwrap_or_else(PoisonError::into_inner);
            waiting = woken;
            waiting.retain(|one| one.thread != me);
        }
    }

    fn leave(&self) {
        let _waiting = lock(&WAITING);
        let mut owner = lock(&self.owner);
        if let Some(one) = &mut *owner {
            one.depth -= 1;
            if one.depth > 0 {
                return;
            }
        }
        *owner = None;
        self.released.notify_one();
    }
}

/// An override that ends when this is dropped: what was bound before is bound again,
/// whatever was swapped in meanwhile. See [`Binding::override_with`].
#[must_use = "the override ends when this is dropped: give it a name, `let _guard = …`, since `let _ = …` drops it at once"]
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
    /// would prove nothing. And where it would wait for ever: the other thread has ended and
    /// never dropped its guard, or it waits for an override of this one. So override several
    /// bindings in one order everywhere.
    #[track_caller]
    pub fn override_with(&'static self, object: &'static D) -> Override<D, K>
    where
        D: Sync,
    {
        let this = self.leader();
        let name = this.record.name;
        if let Err(why) = this.overrides.enter(name) {
            panic!("overriding `{name}` would wait for ever: {why}");
        }
        let origins = handle::origins(object);
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
