//! Static keys, as programs use them: what they are, and what every thread sees of a switch.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use static_call::{StaticKeyError, static_key};

static_key! {
    static OFF: bool = false;
    static ON: bool = true;
}

/// Whether keys can be switched here; if not, that is for a reason, and they stay.
fn switches() -> bool {
    static_key! { static TRIED: bool = false; }
    match TRIED.enable() {
        Ok(()) => true,
        #[cfg(feature = "std")]
        Err(StaticKeyError::Unavailable { reason }) => {
            assert!(!reason.is_empty() && !TRIED.enabled());
            println!("not switched: {reason}");
            false
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn a_key_is_what_it_was_declared_as_and_then_what_it_was_switched_to() {
    assert!(!OFF.enabled() && ON.enabled());
    if !switches() {
        return;
    }
    for _ in 0..3 {
        OFF.enable().unwrap();
        OFF.enable().unwrap();
        ON.disable().unwrap();
        ON.disable().unwrap();
        assert!(OFF.enabled() && !ON.enabled());
        OFF.disable().unwrap();
        ON.enable().unwrap();
        assert!(!OFF.enabled() && ON.enabled());
    }
    assert!(
        format!("{OFF:?}").contains("\"OFF\", enabled: false"),
        "{OFF:?}"
    );
}

#[test]
fn who_holds_a_key_keeps_it_on_whoever_else_lets_it_go() {
    static_key! {
        static HELD: bool = false;
        static BEGUN: bool = true;
    }
    assert!(matches!(HELD.release(), Err(StaticKeyError::NotAcquired)));
    assert!(matches!(BEGUN.release(), Err(StaticKeyError::NotAcquired)));
    assert!(!HELD.enabled() && BEGUN.enabled());
    if !switches() {
        return;
    }
    HELD.acquire().unwrap();
    HELD.acquire().unwrap();
    HELD.release().unwrap();
    assert!(HELD.enabled());
    HELD.enable().unwrap();
    HELD.release().unwrap();
    assert!(HELD.enabled(), "it is switched on");
    HELD.acquire().unwrap();
    HELD.disable().unwrap();
    assert!(HELD.enabled(), "it is held");
    HELD.release().unwrap();
    assert!(!HELD.enabled());
    BEGUN.acquire().unwrap();
    BEGUN.disable().unwrap();
    assert!(BEGUN.enabled(), "it is held");
    BEGUN.release().unwrap();
    assert!(!BEGUN.enabled());
    assert!(matches!(BEGUN.release(), Err(StaticKeyError::NotAcquired)));
}

mod outer {
    static_call::static_key! {
        /// Documented.
        #[allow(dead_code)]
        pub(crate) static SEEN: bool = false;
        #[cfg(any())]
        static GONE: bool = false;
    }

    #[inline(always)]
    pub(crate) fn inlined() -> bool {
        SEEN.enabled()
    }

    #[inline(never)]
    pub(crate) fn generic<T: Default + PartialEq>(value: &T) -> bool {
        SEEN.enabled() && *value == T::default()
    }
}

/// Asks in ways that the compiler copies, moves and merges.
fn ways() -> Vec<bool> {
    use outer::{SEEN, generic, inlined};
    let closure = |_: u64| SEEN.enabled();
    let mut ways = vec![
        inlined(),
        inlined(),
        generic(&0_u8),
        generic(&0_u64),
        generic(&String::new()),
    ];
    ways.extend((0..black_box(7)).map(closure));
    ways.push(if SEEN.enabled() {
        black_box(true)
    } else {
        black_box(false)
    });
    ways.push(match SEEN.enabled() {
        on if on == black_box(true) => on,
        _ => false,
    });
    ways.push(SEEN.enabled() & SEEN.enabled());
    let mut loops = 0;
    while SEEN.enabled() && loops < 3 {
        loops += 1;
    }
    ways.push(loops == 3);
    let ask: fn() -> bool = || SEEN.enabled();
    ways.push(black_box(ask)());
    ways
}

#[test]
fn every_copy_that_the_compiler_makes_of_a_question_is_switched() {
    assert!(ways().iter().all(|is_on| !is_on), "{:?}", ways());
    if !switches() {
        return;
    }
    outer::SEEN.enable().unwrap();
    assert!(ways().iter().all(|is_on| *is_on), "{:?}", ways());
    outer::SEEN.disable().unwrap();
    assert!(ways().iter().all(|is_on| !is_on), "{:?}", ways());
}

#[test]
fn a_key_is_switched_inside_of_its_own_branches_and_when_values_are_dropped() {
    static_key! { static INSIDE: bool = false; }
    struct Switches;
    impl Drop for Switches {
        fn drop(&mut self) {
            INSIDE.disable().unwrap();
        }
    }
    fn round() -> [bool; 3] {
        let _last = Switches;
        let before = INSIDE.enabled();
        if !INSIDE.enabled() {
            INSIDE.enable().unwrap();
            return [before, INSIDE.enabled(), INSIDE.enabled()];
        }
        INSIDE.disable().unwrap();
        [before, INSIDE.enabled(), true]
    }
    if switches() {
        for _ in 0..3 {
            assert_eq!(round(), [false, true, true]);
        }
        INSIDE.enable().unwrap();
        assert_eq!(round(), [true, false, true]);
        assert!(!INSIDE.enabled());
    }
}

/// Tests in which threads race have the processors to themselves.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the one thread stands that switches: even if nothing is under way, and then twice
/// an odd number if the key is on.
static EPOCH: AtomicU64 = AtomicU64::new(0);

#[test]
fn after_a_switch_every_thread_sees_it_and_none_sees_it_torn() {
    static_key! {
        static FIRST: bool = false;
        static LIKELY: bool = true;
    }
    /// Returns what one question says, if nothing was under way meanwhile, and whether that
    /// was right; asked from several places, in other orders.
    #[inline(always)]
    fn settled(ask: impl Fn() -> bool) -> Option<bool> {
        let before = EPOCH.load(Ordering::SeqCst);
        let is_on = ask();
        let after = EPOCH.load(Ordering::SeqCst);
        (before == after && before.is_multiple_of(2)).then_some(is_on == (before % 4 == 2))
    }
    if !switches() {
        return;
    }
    let _alone = alone();
    // To where the other one is.
    LIKELY.disable().unwrap();
    let ended = AtomicBool::new(false);
    let asked = AtomicU64::new(0);
    thread::scope(|scope| {
        let readers = [0, 1, 2].map(|_| {
            scope.spawn(|| {
                let (mut wrong, mut right) = (0_u64, 0_u64);
                while !ended.load(Ordering::Relaxed) {
                    for _ in 0..1000 {
                        let answers = [
                            settled(|| FIRST.enabled()),
                            settled(|| {
                                if LIKELY.enabled() {
                                    true
                                } else {
                                    black_box(false)
                                }
                            }),
                            settled(|| !FIRST.enabled()).map(|wrong| !wrong),
                        ];
                        for is_right in answers.into_iter().flatten() {
                            wrong += u64::from(!is_right);
                            right += u64::from(is_right);
                        }
                    }
                    asked.fetch_add(1000, Ordering::Relaxed);
                }
                assert_eq!(wrong, 0, "{right} were right");
                right
            })
        });
        let mut rounds = 0;
        while rounds < 200 || (asked.load(Ordering::Relaxed) < 300_000 && rounds < 20_000) {
            for on in [true, false] {
                EPOCH.fetch_add(1, Ordering::SeqCst);
                if on {
                    FIRST.enable().unwrap();
                    LIKELY.acquire().unwrap();
                } else {
                    FIRST.disable().unwrap();
                    LIKELY.release().unwrap();
                }
                EPOCH.fetch_add(1, Ordering::SeqCst);
            }
            rounds += 1;
        }
        ended.store(true, Ordering::SeqCst);
        let right: u64 = readers.map(|reader| reader.join().unwrap()).iter().sum();
        println!("{rounds} rounds, {right} settled answers");
        assert!(right > 0);
    });
}

#[test]
fn threads_that_hold_and_let_go_at_once_end_with_the_key_off() {
    static_key! { static HELD: bool = false; }
    if !switches() {
        return;
    }
    let _alone = alone();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..200 {
                    HELD.acquire().unwrap();
                    assert!(HELD.enabled());
                    HELD.release().unwrap();
                }
            });
        }
    });
    assert!(!HELD.enabled());
    assert!(matches!(HELD.release(), Err(StaticKeyError::NotAcquired)));
}

#[cfg(all(feature = "std", target_os = "linux"))]
mod processes {
    use std::process::Command;
    use std::sync::atomic::{AtomicU64, Ordering};

    use static_call::{StaticKeyError, static_key};

    static_key! {
        static FORKED: bool = false;
        static SIGNALLED: bool = false;
    }

    #[test]
    fn a_childs_switches_are_its_own() {
        if !super::switches() {
            return;
        }
        let _alone = super::alone();
        FORKED.enable().unwrap();
        // SAFETY: the child switches, looks, and leaves.
        let child = unsafe { libc::fork() };
        if child == 0 {
            let was_on = FORKED.enabled();
            let is_right = was_on && FORKED.disable().is_ok() && !FORKED.enabled();
            // SAFETY: ends the child.
            unsafe { libc::_exit(i32::from(!is_right)) };
        }
        let mut status = -1;
        // SAFETY: a child of this process, waited for once.
        assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
        assert_eq!(status, 0);
        assert!(FORKED.enabled());
        FORKED.disable().unwrap();
    }

    static REFUSED: AtomicU64 = AtomicU64::new(0);

    extern "C" fn handler(_: libc::c_int) {
        let refused = matches!(SIGNALLED.enable(), Err(StaticKeyError::InSignalHandler));
        if refused && !SIGNALLED.enabled() {
            REFUSED.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[test]
    fn a_signal_handler_may_ask_and_not_switch() {
        let _alone = super::alone();
        // SAFETY: the handler is async-signal-safe: it asks, and is refused.
        unsafe {
            libc::signal(libc::SIGUSR1, handler as *const () as libc::sighandler_t);
            assert_eq!(libc::raise(libc::SIGUSR1), 0);
        }
        assert_eq!(REFUSED.load(Ordering::Relaxed), 1);
    }

    #[test]
    #[ignore = "runs in a process of its own"]
    fn a_program_in_which_nothing_is_patched() {
        let error = SIGNALLED.enable().map_err(|error| error.to_string());
        println!("said: {error:?}, is on: {}", SIGNALLED.enabled());
    }

    #[test]
    fn off_in_the_environment_a_switch_is_refused_and_the_key_stays() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["processes::a_program_in_which_nothing_is_patched"])
            .args(["--exact", "--ignored", "--nocapture"])
            .env("STATIC_CALL", "off")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        let patched = cfg!(patched);
        let expected = if patched {
            "said: Err(\"static keys cannot be switched here: `STATIC_CALL=off` is in the \
             environment\"), is on: false"
        } else {
            "said: Ok(()), is on: true"
        };
        assert!(said.contains(expected), "{said}");
    }
}
