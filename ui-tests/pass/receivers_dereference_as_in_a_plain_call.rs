use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2, auto = [Unpin])]
trait Counter {
    fn bump(&mut self, by: u32) -> u32;
    fn get(&self) -> u32;
}

impl Counter for u32 {
    fn bump(&mut self, by: u32) -> u32 {
        *self += by;
        *self
    }
    fn get(&self) -> u32 {
        *self
    }
}

struct Holder {
    counters: Vec<Box<dyn Counter + Send>>,
}

impl Holder {
    fn first(&mut self) -> &mut Box<dyn Counter + Send> {
        &mut self.counters[0]
    }
}

fn main() {
    let mut boxed: Box<dyn Counter> = Box::new(1);
    // Two-phase borrow: the receiver is read while it is about to be written.
    assert_eq!(static_call!(boxed.bump(boxed.get())), 2);
    let shared: Rc<dyn Counter + Unpin> = Rc::new(3);
    assert_eq!(static_call!(shared.get()), 3);
    let shared: Arc<dyn Counter + Send + Sync> = Arc::new(4);
    assert_eq!(static_call!(Arc::clone(&shared).get()), 4);
    let locked: Mutex<Box<dyn Counter + Send>> = Mutex::new(Box::new(5));
    assert_eq!(static_call!(locked.lock().unwrap().bump(1)), 6);
    let cell: RefCell<Box<dyn Counter>> = RefCell::new(Box::new(6));
    assert_eq!(static_call!(cell.borrow_mut().bump(1)), 7);
    let mut holder = Holder {
        counters: vec![Box::new(7)],
    };
    assert_eq!(static_call!(holder.first().bump(1)), 8);
    assert_eq!(static_call!(holder.counters[0].bump(1)), 9);
    let mut pinned: Pin<Box<dyn Counter + Unpin>> = Box::pin(9);
    assert_eq!(static_call!(pinned.bump(1)), 10);
    let mut twice: &mut &mut dyn Counter = &mut (&mut 10_u32 as &mut dyn Counter);
    assert_eq!(static_call!(twice.bump(1)), 11);
    assert_eq!(static_call!(twice.get()), 11);
    let _ = &mut twice;
}
