use static_call::static_dispatch;

trait Named {}

#[static_dispatch(unsafe(same_supertraits = [Named]))]
trait Codec: Named {
    #[static_dispatch]
    fn encode(&self, source: &[u8]) -> usize;
}

fn main() {}
