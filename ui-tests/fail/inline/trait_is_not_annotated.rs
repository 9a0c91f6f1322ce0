use static_call::static_call;

trait Size {
    fn size(&self) -> usize;
}

struct Wide;

impl Size for Wide {
    fn size(&self) -> usize {
        64
    }
}

fn size(codec: &dyn Size) -> usize {
    static_call!(codec.size(), inline = [Wide])
}

fn main() {
    size(&Wide);
}
