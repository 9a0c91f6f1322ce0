//! Unloads a plugin whose vtables a shared region has met, and puts another type's vtable to
//! the same place, as loading another library may. Takes the plugin's path.

#[cfg(target_os = "linux")]
mod linux {
    use libloading::Library;
    use regions_shared::{Shape, area, circle, square};

    #[allow(improper_ctypes_definitions)]
    type Make = extern "C" fn(u64) -> Box<dyn Shape>;

    /// As many words as a vtable of this trait has: three and its methods.
    const WORDS: usize = 5;

    /// Data and vtable.
    fn words(shape: &dyn Shape) -> [*mut u8; 2] {
        // SAFETY: two pointers.
        unsafe { std::mem::transmute::<&dyn Shape, [*mut u8; 2]>(shape) }
    }

    /// Meets the plugin's squares, and says where their vtable was.
    fn meet(path: &str) -> usize {
        // SAFETY: it does nothing when it is loaded or unloaded.
        let plugin = unsafe { Library::new(path) }.expect("the plugin is there");
        let square = {
            // SAFETY: as the plugin declares it.
            let make = unsafe { plugin.get::<Make>(b"make_square\0") }.expect("it makes squares");
            make(3)
        };
        for _ in 0..100 {
            assert_eq!(area(&*square), 9);
        }
        words(&*square)[1].addr()
    }

    pub fn run() {
        let own = square(4);
        let vtable = meet(&std::env::args().nth(1).expect("the plugin's path"));
        assert_ne!(
            vtable,
            words(&*own)[1].addr(),
            "the plugin has no vtable of its own"
        );
        let page = vtable & !4095;
        // SAFETY: nothing is there any more, or the call fails.
        let mapped = unsafe {
            libc::mmap(
                std::ptr::without_provenance_mut(page),
                2 * 4096,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE,
                -1,
                0,
            )
        };
        assert_eq!(mapped.addr(), page, "the plugin is still there");
        let circle = circle(3);
        let [data, of_circles] = words(&*circle);
        // SAFETY: a vtable's words, to memory of this program's own.
        let in_its_place = unsafe {
            let place = mapped.cast::<u8>().add(vtable - page);
            std::ptr::copy_nonoverlapping(of_circles, place, WORDS * size_of::<usize>());
            std::mem::transmute::<[*mut u8; 2], &dyn Shape>([data, place])
        };
        for _ in 0..100 {
            assert_eq!(
                area(in_its_place),
                27,
                "the region took a circle for a square"
            );
            assert_eq!(area(&*own), 16);
        }
        println!("a region was not deceived by what took an unloaded plugin's place");
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    linux::run();
}
