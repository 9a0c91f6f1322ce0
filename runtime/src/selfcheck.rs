//! Checks at start-up of what is assumed about rustc's code.

/// A vtable's address is the second word of a pointer to an object. In which registers the
/// words travel is found out for each method, see `arch::Receiver`.
///
/// # Errors
/// What was found instead, in one sentence.
pub(crate) fn objects_are_data_then_vtable() -> Result<(), &'static str> {
    let object: &dyn Send = &0_u64;
    let data = core::ptr::from_ref(object).cast::<()>().addr();
    // SAFETY: of two words, or this does not compile; any two words are two numbers.
    let words = unsafe { core::mem::transmute::<&dyn Send, [usize; 2]>(object) };
    if words[0] != data || words[1] == data {
        return Err("this compiler has trait objects in another order than expected");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_compiler_has_objects_as_assumed() {
        assert_eq!(super::objects_are_data_then_vtable(), Ok(()));
    }
}
