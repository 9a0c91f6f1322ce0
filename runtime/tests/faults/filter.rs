//! Filters for system calls: what is refused, and with which error.

use seccompiler::SeccompCmpArgLen::Qword;
use seccompiler::SeccompCmpOp::{Eq, Ge, MaskedEq};
use seccompiler::{BpfProgram, SeccompAction, SeccompCondition, SeccompFilter, SeccompRule};

/// A system call that is refused if all the conditions hold: number of the
/// argument, and what it is compared with.
pub(crate) struct Refused {
    pub(crate) number: libc::c_long,
    pub(crate) when: &'static [(u8, Argument)],
}

pub(crate) enum Argument {
    Is(u64),
    Has(u64),
    IsAtLeast(u64),
}

use Argument::{Has, Is, IsAtLeast};

#[allow(clippy::cast_sign_loss, reason = "flags")]
const EXECUTABLE: (u8, Argument) = (2, Has(libc::PROT_EXEC as u64));

const fn always(number: libc::c_long) -> Refused {
    Refused { number, when: &[] }
}

const MMAP_AS_CODE: Refused = Refused {
    number: libc::SYS_mmap,
    when: &[EXECUTABLE],
};

const MPROTECT_TO_CODE: Refused = Refused {
    number: libc::SYS_mprotect,
    when: &[EXECUTABLE],
};

/// Registration and use, as the kernel's header numbers them.
const fn membarrier(command: &'static [(u8, Argument)]) -> Refused {
    Refused {
        number: libc::SYS_membarrier,
        when: command,
    }
}

/// What is refused, by the name that the tests use.
pub(crate) const FILTERS: &[(&str, &[Refused])] = &[
    ("nothing", &[]),
    ("memfd_create", &[always(libc::SYS_memfd_create)]),
    // As `vm.memfd_noexec=2` does, which wants `MFD_NOEXEC_SEAL`.
    (
        "memfd_create as code",
        &[
            Refused {
                number: libc::SYS_memfd_create,
                when: &[(1, Is(3 | 0x10))],
            },
            Refused {
                number: libc::SYS_memfd_create,
                when: &[(1, Is(3))],
            },
        ],
    ),
    (
        "sealing",
        &[Refused {
            number: libc::SYS_fcntl,
            when: &[(1, Is(1033))],
        }],
    ),
    (
        "write of a page",
        &[Refused {
            number: libc::SYS_write,
            when: &[(2, IsAtLeast(4096))],
        }],
    ),
    ("mmap as code", &[MMAP_AS_CODE]),
    ("mmap", &[always(libc::SYS_mmap)]),
    ("mprotect to code", &[MPROTECT_TO_CODE]),
    ("mprotect", &[always(libc::SYS_mprotect)]),
    ("mremap", &[always(libc::SYS_mremap)]),
    ("munmap", &[always(libc::SYS_munmap)]),
    ("membarrier", &[always(libc::SYS_membarrier)]),
    ("membarrier registration", &[membarrier(&[(0, Is(64))])]),
    ("membarrier use", &[membarrier(&[(0, Is(32))])]),
    ("openat", &[always(libc::SYS_openat)]),
    ("all new code", &[MMAP_AS_CODE, MPROTECT_TO_CODE]),
    (
        "both ways to replace",
        &[always(libc::SYS_memfd_create), always(libc::SYS_mremap)],
    ),
    (
        "both ways and munmap",
        &[
            always(libc::SYS_memfd_create),
            always(libc::SYS_mremap),
            always(libc::SYS_munmap),
        ],
    ),
];

/// Has the kernel refuse those calls with `errno`, in all threads of this process,
/// for good.
pub(crate) fn apply(name: &str, errno: i32) {
    let (_, refused) = FILTERS
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a filter of that name");
    if refused.is_empty() {
        return;
    }
    let mut rules = std::collections::BTreeMap::<_, Vec<_>>::new();
    for one in *refused {
        let conditions = one.when.iter().map(|(argument, value)| {
            let (operator, value) = match *value {
                Is(value) => (Eq, value),
                Has(bits) => (MaskedEq(bits), bits),
                IsAtLeast(value) => (Ge, value),
            };
            SeccompCondition::new(*argument, Qword, operator, value).unwrap()
        });
        let conditions: Vec<_> = conditions.collect();
        let rules = rules.entry(one.number).or_default();
        if !conditions.is_empty() {
            rules.push(SeccompRule::new(conditions).unwrap());
        }
    }
    let refuse = SeccompAction::Errno(errno.unsigned_abs());
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        refuse,
        std::env::consts::ARCH.try_into().unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    seccompiler::apply_filter_all_threads(&program).unwrap();
}
