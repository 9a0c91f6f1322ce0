//! Keys: what is taken for one, and that a site's are written all or none.

use super::*;

/// An instruction in an aligned word, with its arm further on: nobody executes it.
fn word(offset: usize, instruction: [u8; KEY_BYTES]) -> Key {
    // Where no trampoline's head could be.
    #[repr(C, align(64))]
    struct Line([u8; 64]);
    let line = Box::leak(Box::new(Line([0x90; 64])));
    let offset = 8 + offset;
    line.0[offset..offset + KEY_BYTES].copy_from_slice(&instruction);
    let at = core::ptr::from_mut(line).expose_provenance() + offset;
    Key {
        at,
        arm: at + 0x1000,
    }
}

/// As the macro has put it there.
fn key() -> Key {
    word(0, arch::key_off())
}

/// One that is on.
fn on() -> Key {
    let key = word(0, [0; KEY_BYTES]);
    let jump = arch::key_on(key.at, key.arm).unwrap();
    let at: *mut [u8; KEY_BYTES] = std::ptr::with_exposed_provenance_mut(key.at);
    // SAFETY: leaked data of this test.
    unsafe { at.write_volatile(jump) };
    key
}

fn prepared(keys: &[Key], on: bool) -> Result<Batch, PrepareError> {
    let mut batch = Batch::default();
    let mut publisher = publisher(Refusing::at("nothing"));
    let prepared = publisher.prepare_keys(keys, on, &mut batch);
    if prepared.is_err() {
        assert!(batch.is_empty() && batch.code.is_empty());
    }
    prepared.map(|()| batch)
}

#[test]
fn a_key_becomes_a_jump_to_its_arm_or_a_nop_whatever_it_was() {
    for key in [key(), on(), word(8 - KEY_BYTES, arch::key_off())] {
        let jump = arch::key_on(key.at, key.arm).unwrap();
        assert_eq!(prepared(&[key], true).unwrap().keys, [(key.at, jump)]);
        let nop = arch::key_off();
        assert_eq!(prepared(&[key], false).unwrap().keys, [(key.at, nop)]);
        assert_ne!(jump, nop);
    }
}

/// From one place where an instruction may begin to the next.
const STEP: usize = if cfg!(target_arch = "x86_64") { 1 } else { 4 };

#[test]
fn what_is_no_key_is_refused() {
    let elsewhere = {
        let key = on();
        Key {
            arm: key.arm + 8,
            ..key
        }
    };
    // Another NOP, a jump to somewhere else, another place.
    let foreign = [
        word(0, [0x90; KEY_BYTES]),
        word(0, [0xCC; KEY_BYTES]),
        elsewhere,
        Key {
            at: key().at + STEP,
            ..key()
        },
    ];
    for key in foreign {
        for on in [true, false] {
            let error = prepared(&[key], on).err().unwrap();
            assert!(
                matches!(error, PrepareError::Foreign { at } if at == key.at),
                "{error:?}"
            );
        }
    }
}

#[test]
fn a_key_across_a_words_edge_is_refused_whatever_the_record_says() {
    for offset in 9 - KEY_BYTES..8 {
        let key = word(offset, arch::key_off());
        let error = prepared(&[key], true).err().unwrap();
        // Or no instruction may begin there.
        let is_refused = matches!(
            error,
            PrepareError::Foreign { .. } | PrepareError::Encode(_)
        );
        assert!(is_refused, "{error:?}");
    }
}

#[test]
fn an_arm_out_of_reach_is_refused() {
    let key = Key {
        arm: key().at.wrapping_add(1 << 40),
        ..key()
    };
    let error = prepared(&[key], true).err().unwrap();
    assert!(matches!(error, PrepareError::Encode(_)), "{error:?}");
}

#[test]
fn no_key_is_written_that_is_not_in_the_code_of_a_loaded_object_nor_leads_there() {
    let Ok(memory) = os::code_memory() else {
        return;
    };
    let mut publisher = Publisher::new(memory);
    let code = publish as *const () as usize;
    let data = key().at;
    for (at, arm, named) in [(data, code, data), (code, data, data), (0, code, 0)] {
        let mut batch = Batch::default();
        let keys = [Key { at, arm }];
        let error = publisher.prepare_keys(&keys, true, &mut batch);
        let error = error.expect_err("there is no key");
        assert!(
            matches!(error, PrepareError::NotCode { at } if at == named),
            "{error:?}"
        );
        assert!(batch.is_empty());
    }
}

#[test]
fn a_sites_keys_are_prepared_all_or_none() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let mut batch = Batch::default();
    let neighbours = [key(), key()];
    publisher
        .prepare_keys(&neighbours, true, &mut batch)
        .unwrap();
    let before = batch.keys.clone();
    let keys = [key(), key(), word(0, [0x90; KEY_BYTES]), key()];
    assert!(publisher.prepare_keys(&keys, true, &mut batch).is_err());
    // The neighbour's stay.
    assert_eq!(batch.keys, before);
}

#[test]
fn keys_are_written_with_the_heads_after_all_code() {
    let notes = std::sync::Arc::default();
    let mut publisher = Publisher::new(Box::new(Noting(std::sync::Arc::clone(&notes))));
    let mut one = at_rest();
    let plan = targets(&one, &[1, 2]);
    let mut batch = Batch::default();
    publisher
        .prepare(&mut one, Lead::Chain(&plan), &mut batch)
        .unwrap();
    publisher.prepare_keys(&[key()], true, &mut batch).unwrap();
    // SAFETY: the memory only takes notes.
    unsafe { publisher.commit(&batch) }.unwrap();
    let steps = std::mem::take(&mut *notes.lock().unwrap());
    assert_eq!(steps, ["code", "barrier", "both at once", "barrier"]);
    // A key alone is a batch as well.
    let mut batch = Batch::default();
    publisher.prepare_keys(&[key()], false, &mut batch).unwrap();
    assert!(!batch.is_empty());
    // SAFETY: as above.
    unsafe { publisher.commit(&batch) }.unwrap();
    assert_eq!(notes.lock().unwrap().len(), 2);
}

#[test]
fn what_cannot_be_switched_off_is_said() {
    let keys = [key(), key()];
    // SAFETY: the memory only pretends.
    unsafe {
        assert!(publisher(Refusing::at("nothing")).switch_off(&keys));
        assert!(!publisher(Refusing::at("mremap")).switch_off(&keys));
        let second = Refusing {
            after: 1,
            ..Refusing::at("mremap")
        };
        assert!(!publisher(second).switch_off(&keys));
    }
    // Nor what was never switched on: calling threads make no page anew.
    let Ok(memory) = os::code_memory() else {
        return;
    };
    // SAFETY: the page was not replaced, and so nothing is written.
    assert!(!unsafe { Publisher::new(memory).switch_off(&[key()]) });
}
