//! Static keys, as programs use them.

use static_call::static_key;

static_key! {
    static OFF: bool = false;
    static ON: bool = true;
}

#[test]
fn a_key_is_what_it_was_declared_as_and_then_what_it_was_switched_to() {
    assert!(!OFF.enabled() && ON.enabled());
    OFF.enable().unwrap();
    ON.disable().unwrap();
    assert!(OFF.enabled() && !ON.enabled());
    OFF.disable().unwrap();
    ON.enable().unwrap();
    assert!(!OFF.enabled() && ON.enabled());
}
