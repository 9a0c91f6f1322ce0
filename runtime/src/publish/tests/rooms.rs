//! Where chains lie: whose room, and what becomes of it.

use super::*;

const BYTES: usize = 32 * 1024;

/// Breakpoints, in the middle of what is a plugin here.
#[repr(C, align(4096))]
struct Block([u8; BYTES]);

impl Block {
    fn leaked() -> &'static mut Block {
        // SAFETY: the layout is not empty; zeros are what the type may be; it is leaked.
        let block: &mut Block =
            unsafe { &mut *std::alloc::alloc_zeroed(std::alloc::Layout::new::<Block>()).cast() };
        block.0 = breakpoints();
        block
    }
}

struct Plugin {
    room: Range<usize>,
    all: Range<usize>,
}

impl Plugin {
    fn new() -> Plugin {
        Plugin::at(Block::leaked())
    }

    fn at(block: &'static mut Block) -> Plugin {
        let start = core::ptr::from_mut(block).expose_provenance();
        let room = start..start + BYTES;
        let all = start - 0x10_0000..room.end + 0x10_0000;
        Plugin { room, all }
    }

    /// A trampoline in it, whose body is not to be filled.
    fn trampoline(&self) -> Trampoline {
        spoiled(self.all.start + 0x1000)
    }

    /// And one that is near, in another object.
    fn neighbour(&self) -> Trampoline {
        spoiled(self.all.end + 0x1000)
    }

    fn lend_to(&self, publisher: &mut Publisher) {
        // SAFETY: the memory only pretends, and what is there was leaked for this.
        unsafe { publisher.add_room(self.room.clone(), Some(self.all.clone())) };
    }
}

fn spoiled(at: usize) -> Trampoline {
    Trampoline {
        body: Body::Spoiled,
        ..trampoline(at, at + 0x1000)
    }
}

fn chain_of(publisher: &mut Publisher, trampoline: &mut Trampoline, lead: Lead<'_>) -> usize {
    match publish_lead(publisher, trampoline, lead) {
        Head::Chain(at) => at,
        head => panic!("the body is spoiled: {head:?}"),
    }
}

#[test]
fn chains_lie_in_the_room_of_their_object_until_it_is_full() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let plugin = Plugin::new();
    plugin.lend_to(&mut publisher);
    let mut one = plugin.trampoline();
    let mut inside = 0;
    let mut last = 0;
    for n in 0.. {
        let plan = targets(&one, &[n, n + 1, n + 2]);
        last = chain_of(&mut publisher, &mut one, Lead::Chain(&plan));
        if !plugin.room.contains(&last) {
            break;
        }
        inside += 1;
    }
    // Each may be longer when it is asked for than it is: the last lines stay free.
    let lines = BYTES / arch::CHAIN_ALIGN;
    assert!(
        (lines - 16..=lines).contains(&inside),
        "{inside} of {lines}"
    );
    assert!(last.abs_diff(one.at()) < REACH);
}

#[test]
fn nobody_elses_trampoline_leads_into_a_plugins_room() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let plugin = Plugin::new();
    plugin.lend_to(&mut publisher);
    let (mut own, mut other) = (plugin.trampoline(), plugin.neighbour());
    // The same code, wanted by both: of a binding, say.
    let bound = Lead::Bound(Bound {
        data: 1,
        shim: own.at() + 0x20_0000,
    });
    let own_code = chain_of(&mut publisher, &mut own, bound);
    assert!(plugin.room.contains(&own_code));
    let others_code = chain_of(&mut publisher, &mut other, bound);
    assert!(!plugin.all.contains(&others_code));
    let plan = targets(&other, &[1, 2, 3, 4]);
    let chain = chain_of(&mut publisher, &mut other, Lead::Chain(&plan));
    assert!(!plugin.all.contains(&chain));
    // Nor where code was that is gone.
    // SAFETY: the memory only pretends; nobody is anywhere.
    unsafe { publisher.release(&HashSet::from([1])) };
    let bound = Lead::Bound(Bound {
        data: 2,
        shim: own.at() + 0x20_0000,
    });
    for _ in 0..2 {
        let code = chain_of(&mut publisher, &mut other, bound);
        assert!(!plugin.all.contains(&code));
    }
}

#[test]
fn a_plugin_that_goes_takes_the_chains_in_its_room_along() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let plugin = Plugin::new();
    plugin.lend_to(&mut publisher);
    let mut one = plugin.trampoline();
    let before = publisher.chains();
    let plan = targets(&one, &[1, 2, 3, 4]);
    let bound = Lead::Bound(Bound {
        data: 1,
        shim: one.at(),
    });
    for lead in [Lead::Chain(&plan), bound] {
        let at = chain_of(&mut publisher, &mut one, lead);
        assert!(plugin.room.contains(&at));
    }
    assert_ne!(publisher.chains(), before);
    publisher.forget_object(&plugin.all);
    assert_eq!(publisher.chains(), before);
    // At the same addresses there may be something else by now.
    for lead in [Lead::Chain(&plan), bound] {
        let at = chain_of(&mut publisher, &mut spoiled(one.at()), lead);
        assert!(!plugin.room.contains(&at), "{at:#x} is gone");
    }
}

#[test]
fn what_a_plugins_earlier_life_left_in_its_room_is_not_overwritten() {
    let mut publisher = publisher(Refusing::at("nothing"));
    let block = Block::leaked();
    // Half of it was used.
    block.0[..=BYTES / 2].fill(0x90);
    let plugin = Plugin::at(block);
    plugin.lend_to(&mut publisher);
    let mut one = plugin.trampoline();
    let first_free = plugin.room.start + BYTES / 2 + arch::CHAIN_ALIGN;
    for (n, expected) in [(1, first_free), (2, first_free + arch::CHAIN_ALIGN)] {
        let bound = Lead::Bound(Bound {
            data: n,
            shim: one.at(),
        });
        assert_eq!(chain_of(&mut publisher, &mut one, bound), expected);
    }
}
