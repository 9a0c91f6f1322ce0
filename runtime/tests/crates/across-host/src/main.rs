//! Lists a type of which a plugin has one of the same name, with another layout: no
//! body of this program's may run on it. Takes the plugin's path.

#[cfg(target_os = "linux")]
mod linux {
    use shapes::Shape;
    use solids::Square;
    use static_call::runtime::{self, Config, Mode, Plugin, PluginBox};
    use static_call::{specialize, static_call};

    fn guarded(shape: &dyn Shape, times: u64) -> u64 {
        static_call!(shape.area(times), inline = [Square])
    }

    fn specialized(shape: &(dyn Shape + 'static), times: u64) -> (bool, u64) {
        specialize!(shape: [Square] in {
            (size_of_val(shape) == size_of::<Square>(), shape.area(times))
        })
    }

    /// Types that the site inlines.
    fn inlined() -> usize {
        let site = runtime::sites().remove(0);
        site.targets.iter().filter(|one| one.inlined).count()
    }

    fn learn(calls: impl Fn()) {
        for _ in 0..20 {
            (0..200).for_each(|_| calls());
            runtime::retarget().expect("nothing is refused");
        }
        calls();
    }

    pub fn run() {
        let config = Config::default().mode(Mode::Always).window(64).misses(64);
        runtime::configure(config).expect("it is valid");
        let path = std::env::args_os().nth(1).expect("the plugin's path");
        // SAFETY: the plugin is this workspace's own.
        let plugin = unsafe { Plugin::load(path) }.expect("it fits");
        let foreign: PluginBox<dyn Shape> = plugin.construct("square", 9_u64).expect("a square");
        let own = solids::square(5);
        assert_eq!(own.identity(), foreign.identity(), "the names differ, so nothing is shown");
        assert_ne!(
            size_of_val(&*own),
            size_of_val(&*foreign),
            "the layouts agree, so nothing is shown"
        );

        let call_foreign = || assert_eq!(guarded(&*foreign, 2), 162);
        let call_own = || assert_eq!(guarded(&*own, 2), 50);
        learn(call_foreign);
        assert_eq!(inlined(), 0, "a guard knows the plugin's type");
        learn(|| {
            call_foreign();
            call_own();
        });
        assert_eq!(inlined(), 1, "the guard knows this program's type");
        learn(call_own);
        assert_eq!(inlined(), 1);
        call_foreign();

        assert_eq!(specialized(&*own, 3), (true, 75));
        assert_eq!(specialized(&*foreign, 3), (false, 243));
        println!("the plugin's type ran its own code throughout");
    }
}

fn main() {
    #[cfg(target_os = "linux")]
    linux::run();
}
