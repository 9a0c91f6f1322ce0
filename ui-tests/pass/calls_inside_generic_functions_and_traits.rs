use static_call::{static_call, static_dispatch};

#[static_dispatch(targets = 2)]
trait Codec<T> {
    fn encode(&self, item: T) -> Vec<T>;
}

#[static_dispatch]
impl Codec<u8> for u8 {
    fn encode(&self, item: u8) -> Vec<u8> {
        vec![*self, item]
    }
}

impl<T: Clone> Codec<T> for Vec<T> {
    fn encode(&self, item: T) -> Vec<T> {
        let mut all = self.clone();
        all.push(item);
        all
    }
}

fn hot<T>(codec: &(dyn Codec<T> + '_), item: T) -> usize {
    static_call!(codec.encode(item)).len()
}

fn through<T, C>(codec: &C, item: T) -> usize
where
    C: AsRef<dyn Codec<T>>,
    T: 'static,
{
    static_call!(codec.as_ref().encode(item)).len()
}

fn main() {
    assert_eq!(hot(&7_u8, 8), 2);
    assert_eq!(hot(&vec!["a", "b"], "c"), 3);
    let boxed: Box<dyn Codec<String>> = Box::new(vec![String::new()]);
    assert_eq!(through(&boxed, String::new()), 2);
}
