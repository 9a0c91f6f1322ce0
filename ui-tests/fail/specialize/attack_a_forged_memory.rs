include!("attacks/slice.rs");

fn f<'a>(a: &'a (dyn Adapter<'a, f32> + 'a)) {
    use static_call::__private::{Home, Region, Specialize, identity, key_of, which};
    static REGION: Region<1> = Region::new(Home::new(std::ptr::null()));
    let asked = a.__static_call_specialize();
    which(&asked, &REGION, key_of::<(u8,)>(), &[identity::<Slice<'_, f32>>], || [0]);
}

fn main() {}
