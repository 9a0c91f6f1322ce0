//! Bindings and plugins: one binding in a host and its plugins, objects that plugins
//! bring, and what becomes of them when the plugin is to go.
#![cfg(plugins)]

use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use static_call::WhenUnloaded;
use static_call::runtime::{self, Config, Mode, Plugin, PluginBox, State, UnloadReason};
use static_call_fixture_api::{Fixed, GAUGE, Gauge, Remote, SPARE, Spare, blocks, first, second};

#[path = "support/plugins.rs"]
mod plugins;

use plugins::{build, copy_for, is_mapped};

/// The bindings are shared by the tests of this file.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

static BUILT: LazyLock<PathBuf> = LazyLock::new(|| build("static-call-fixture-bound", ""));

static HOSTS: Fixed = Fixed(2);
static THREE: Fixed = Fixed(3);

/// The binding as it was declared, in a mode.
fn alone(mode: Mode) -> MutexGuard<'static, ()> {
    let guard = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    runtime::configure(Config::default().mode(mode)).unwrap();
    runtime::retarget().unwrap();
    GAUGE.swap(&HOSTS).unwrap();
    guard
}

fn load(path: &Path) -> Plugin {
    // SAFETY: the fixture shares its types with this file, and its initializers do nothing.
    unsafe { Plugin::load(path) }.unwrap()
}

fn remote(plugin: &Plugin) -> PluginBox<dyn Remote> {
    plugin.construct("remote", ()).unwrap()
}

fn gauge(plugin: &Plugin, number: u64) -> PluginBox<dyn Gauge> {
    plugin.construct("gauge", number).unwrap()
}

/// In every mode: patched, and by the portable way.
fn in_both_modes(test: impl Fn(&str)) {
    for (mode, name) in [(Mode::Always, "patched"), (Mode::Off, "portable")] {
        let _alone = alone(mode);
        test(name);
    }
}

#[test]
fn a_plugins_copy_is_the_hosts_binding() {
    in_both_modes(|mode| {
        let plugin = load(&copy_for(&format!("copy-{mode}"), &BUILT));
        let there = remote(&plugin);
        assert_eq!(there.read(), (2, 4), "what the host had bound before");
        runtime::retarget().unwrap();
        assert_eq!(there.read(), (2, 4));
        GAUGE.swap(&THREE).unwrap();
        assert_eq!((GAUGE.read(), there.read(), there.load()), (3, (3, 6), 3));
        let copies: Vec<_> = runtime::report()
            .bindings
            .into_iter()
            .filter(|binding| binding.name == "GAUGE")
            .collect();
        assert_eq!(copies.len(), 2, "{copies:#?}");
        let state = if mode == "patched" {
            State::Patched
        } else {
            State::Plain
        };
        let is_patched_there = cfg!(patched);
        if is_patched_there {
            assert!(copies.iter().all(|copy| copy.state == state), "{copies:#?}");
        }
    });
}

#[test]
fn bindings_and_traits_of_one_name_in_several_functions_of_a_module_are_several() {
    in_both_modes(|mode| {
        assert_eq!(static_call_fixture_api::traits(), 23);
        assert_eq!((first(Some(31)), second(Some(32))), (31, 32));
        assert_eq!(blocks(Some((33, 34))), (33, 34));
        let plugin = load(&copy_for(&format!("twins-{mode}"), &BUILT));
        let there = remote(&plugin);
        assert_eq!(there.twins(), [31, 32, 33, 34]);
        runtime::retarget().unwrap();
        assert_eq!(there.twins(), [31, 32, 33, 34]);
        assert_eq!((first(Some(41)), second(Some(42))), (41, 42));
        assert_eq!(blocks(Some((43, 44))), (43, 44));
        assert_eq!(there.twins(), [41, 42, 43, 44]);
    });
}

#[test]
fn a_plugin_swaps_the_hosts_binding_by_its_own_copy() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("swaps-{mode}"), &BUILT);
        let plugin = load(&path);
        let there = remote(&plugin);
        assert!(there.bind_static());
        assert_eq!((GAUGE.read(), GAUGE.scaled(2)), (1007, 2014));
        assert_eq!(there.read(), (1007, 2014));
        drop(there);
        // SAFETY: nobody is inside.
        let refused = unsafe { plugin.unload() }.unwrap_err();
        assert!(
            matches!(&refused.reason, UnloadReason::Bound { binding, .. } if binding == "GAUGE"),
            "{refused}"
        );
        assert_eq!(GAUGE.read(), 1007, "nothing was changed");
        GAUGE.swap(&HOSTS).unwrap();
        // SAFETY: nobody is inside.
        unsafe { refused.plugin.unload() }.unwrap();
        assert!(!is_mapped(&path));
        assert_eq!((GAUGE.read(), GAUGE.scaled(2)), (2, 4));
    });
}

#[test]
fn what_is_bound_keeps_its_library_even_if_nobody_asks() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("kept-{mode}"), &BUILT);
        let plugin = load(&path);
        assert!(remote(&plugin).bind_static());
        drop(plugin);
        assert!(is_mapped(&path));
        assert_eq!((GAUGE.read(), GAUGE.scaled(2)), (1007, 2014));
        GAUGE.swap(&HOSTS).unwrap();
        assert_eq!(GAUGE.read(), 2);
    });
}

#[test]
fn a_box_that_a_plugins_code_binds_keeps_the_plugin_for_good() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("boxed-{mode}"), &BUILT);
        let plugin = load(&path);
        assert!(remote(&plugin).bind_box(5));
        assert_eq!(GAUGE.read(), 1005);
        GAUGE.swap(&HOSTS).unwrap();
        drop(plugin);
        assert!(is_mapped(&path), "the box is kept, and its code with it");
        // SAFETY: nobody is inside, and nothing was borrowed.
        let reclaimed = unsafe { GAUGE.reclaim() }.unwrap();
        assert!(reclaimed >= 1, "it can still be dropped");
    });
}

#[test]
fn a_box_that_a_plugins_code_binds_by_swap_plugin_keeps_the_plugin_for_good() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("boxed-too-{mode}"), &BUILT);
        let plugin = load(&path);
        assert!(remote(&plugin).bind_plugin_box(6));
        let handle = GAUGE.load();
        GAUGE.swap(&HOSTS).unwrap();
        drop(plugin);
        assert!(is_mapped(&path), "the box is kept, and its code with it");
        assert_eq!(handle.read(), 1006);
        drop(handle);
        // SAFETY: nobody is inside, and nothing was borrowed.
        let reclaimed = unsafe { GAUGE.reclaim() }.unwrap();
        assert!(reclaimed >= 1, "it can still be dropped");
    });
}

#[test]
fn a_handle_keeps_the_library_of_its_object_whoever_bound_that() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("handle-{mode}"), &BUILT);
        let plugin = load(&path);
        assert!(remote(&plugin).bind_static());
        let loaded = GAUGE.load();
        let replaced = GAUGE.swap(&HOSTS).unwrap().unwrap();
        drop(plugin);
        assert!(is_mapped(&path));
        assert_eq!((loaded.read(), replaced.scaled(2)), (1007, 2014));
        drop(loaded);
        assert!(is_mapped(&path));
        GAUGE.restore(&replaced).unwrap();
        assert_eq!(GAUGE.read(), 1007);
        GAUGE.swap(&HOSTS).unwrap();
        assert_eq!(replaced.read(), 1007);
        drop(replaced);
        assert!(!is_mapped(&path), "nobody has it any more");
        assert_eq!(GAUGE.read(), 2);
        // The same once more, at the same addresses perhaps.
        let plugin = load(&path);
        assert!(remote(&plugin).bind_static());
        let loaded = GAUGE.load();
        GAUGE.swap(&HOSTS).unwrap();
        drop(plugin);
        assert_eq!(loaded.read(), 1007);
        drop(loaded);
        assert!(!is_mapped(&path));
    });
}

#[test]
fn a_handle_of_a_plugins_own_binding_keeps_the_plugin() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("own-{mode}"), &BUILT);
        let plugin = load(&path);
        let own = remote(&plugin).own();
        drop(plugin);
        assert!(is_mapped(&path));
        assert_eq!(own.read(), 1011);
        drop(own);
        assert!(!is_mapped(&path));
    });
}

#[test]
fn a_plugin_may_drop_the_last_object_of_another_and_the_host_takes_back_what_that_brought() {
    let _alone = alone(Mode::Always);
    let copies = || {
        let all = runtime::report().bindings.into_iter();
        all.filter(|binding| binding.name == "GAUGE").count()
    };
    let (path, other) = (copy_for("dropped", &BUILT), copy_for("drops", &BUILT));
    let (plugin, other) = (load(&path), load(&other));
    let last = gauge(&plugin, 5);
    drop(plugin);
    assert_eq!((copies(), is_mapped(&path)), (3, true));
    let made: PluginBox<dyn Gauge> = other.construct("drops", last).unwrap();
    assert_eq!(made.read(), 2005);
    assert_eq!((copies(), is_mapped(&path)), (2, false));
    runtime::retarget().unwrap();
}

#[test]
fn an_override_keeps_the_library_of_what_it_replaces() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("overridden-{mode}"), &BUILT);
        let plugin = load(&path);
        assert!(remote(&plugin).bind_static());
        let during = GAUGE.override_with(&THREE);
        drop(plugin);
        assert!(is_mapped(&path));
        assert_eq!(GAUGE.read(), 3);
        drop(during);
        assert_eq!(GAUGE.read(), 1007);
        GAUGE.swap(&HOSTS).unwrap();
    });
}

#[test]
fn a_handle_to_an_object_of_a_plugin_keeps_it_from_being_unloaded() {
    let _alone = alone(Mode::Always);
    let path = copy_for("held", &BUILT);
    let plugin = load(&path);
    assert!(remote(&plugin).bind_static());
    let handle = GAUGE.load();
    GAUGE.swap(&HOSTS).unwrap();
    // SAFETY: nobody is inside.
    let refused = unsafe { plugin.unload() }.unwrap_err();
    assert_eq!(refused.reason, UnloadReason::InUse { others: 1 });
    assert_eq!(handle.read(), 1007);
    drop(handle);
    // SAFETY: nobody is inside.
    unsafe { refused.plugin.unload() }.unwrap();
    assert!(!is_mapped(&path));
}

#[test]
fn unloading_is_refused_while_an_object_is_bound_that_refuses() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("refuses-{mode}"), &BUILT);
        let plugin = load(&path);
        GAUGE
            .swap_plugin(gauge(&plugin, 3), WhenUnloaded::Refuse)
            .unwrap();
        assert_eq!((GAUGE.read(), GAUGE.scaled(2)), (1003, 2006));
        // SAFETY: nobody is inside.
        let refused = unsafe { plugin.unload() }.unwrap_err();
        let text = refused.to_string();
        assert!(
            text.contains("GAUGE") && text.contains("swap the binding first"),
            "{text}"
        );
        assert_eq!(GAUGE.read(), 1003);
        GAUGE.swap(&HOSTS).unwrap();
        // SAFETY: nobody is inside.
        unsafe { refused.plugin.unload() }.unwrap();
        assert!(
            !is_mapped(&path),
            "the object that was bound once was let go of"
        );
    });
}

#[test]
fn unloading_binds_the_default_where_that_was_chosen() {
    in_both_modes(|mode| {
        let path = copy_for(&format!("default-{mode}"), &BUILT);
        let plugin = load(&path);
        GAUGE
            .swap_plugin(gauge(&plugin, 3), WhenUnloaded::Refuse)
            .unwrap();
        GAUGE
            .swap_plugin(gauge(&plugin, 4), WhenUnloaded::BindDefault)
            .unwrap();
        assert_eq!(GAUGE.read(), 1004);
        // SAFETY: nobody is inside.
        unsafe { plugin.unload() }.unwrap();
        assert!(!is_mapped(&path));
        assert_eq!(
            (GAUGE.read(), GAUGE.scaled(2)),
            (1, 2),
            "as it was declared"
        );
    });
}

#[test]
fn a_plugin_whose_objects_live_elsewhere_is_not_unloaded() {
    let _alone = alone(Mode::Always);
    let path = copy_for("in-use", &BUILT);
    let plugin = load(&path);
    let object = gauge(&plugin, 1);
    GAUGE
        .swap_plugin(gauge(&plugin, 2), WhenUnloaded::BindDefault)
        .unwrap();
    // SAFETY: nobody is inside.
    let refused = unsafe { plugin.unload() }.unwrap_err();
    assert_eq!(refused.reason, UnloadReason::InUse { others: 1 });
    assert_eq!(
        (GAUGE.read(), object.read()),
        (1002, 1001),
        "nothing was changed"
    );
    drop(object);
    // SAFETY: nobody is inside.
    unsafe { refused.plugin.unload() }.unwrap();
    assert!(!is_mapped(&path));
    assert_eq!(GAUGE.read(), 1);
}

#[test]
fn an_unbound_binding_is_unbound_again_when_its_plugin_goes() {
    struct Ten;
    impl Spare for Ten {
        fn number(&self) -> u64 {
            10
        }
    }
    let _alone = alone(Mode::Always);
    assert_eq!(SPARE.number(), 0);
    SPARE.swap(&Ten).unwrap();
    let plugin = load(&copy_for("spare", &BUILT));
    assert_eq!(remote(&plugin).read(), (2, 14));
    SPARE.unbind().unwrap();
    assert_eq!((SPARE.number(), remote(&plugin).read()), (0, (2, 4)));
    // SAFETY: nobody is inside.
    unsafe { plugin.unload() }.unwrap();
}

#[test]
fn a_hundred_loads_at_any_address_leave_no_stale_trampoline_and_little_memory() {
    let _alone = alone(Mode::Always);
    let path = copy_for("hundred", &BUILT);
    for round in 0..100 {
        let plugin = load(&path);
        let there = remote(&plugin);
        GAUGE
            .swap_plugin(gauge(&plugin, round), WhenUnloaded::BindDefault)
            .unwrap();
        assert_eq!(there.read(), (1000 + round, 2 * (1000 + round)));
        drop(there);
        // SAFETY: nobody is inside.
        unsafe { plugin.unload() }.unwrap();
        assert!(!is_mapped(&path));
        assert_eq!(GAUGE.read(), 1);
        GAUGE.swap(&HOSTS).unwrap();
        assert_eq!(GAUGE.read(), 2);
    }
    let report = runtime::report();
    println!(
        "100 loads: {} chains, {} bytes",
        report.chains, report.chain_bytes
    );
    assert!(report.chain_bytes < 64 * 64, "{} bytes", report.chain_bytes);
}
