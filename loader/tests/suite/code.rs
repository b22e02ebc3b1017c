//! Hand-assembled x86-64 guest code, in the conventions of
//! `precast_artifact::abi`: the context in `rdi`, parameters in `rsi`, `rdx`,
//! `rcx`, the result in `rax`, a frame pointer always.

use precast_artifact::abi::{self, Builtin};
use precast_artifact::address_map::Site;
use precast_artifact::handlers::Handler;
use precast_artifact::index::CodeOffset;
use precast_artifact::trap::TrapCode;

/// A function's bytes, with the places that the site and handler tables list.
#[derive(Default, Clone)]
pub struct Code {
    pub bytes: Vec<u8>,
    pub sites: Vec<(u32, Site)>,
    /// Relative to the function; those without a handler yet have zero.
    pub handlers: Vec<Handler>,
}

impl Code {
    /// `push rbp; mov rbp, rsp`, `body`, `pop rbp; ret`.
    pub fn framed(body: impl FnOnce(Self) -> Self) -> Self {
        let entered = Self::default().raw(&[0x55, 0x48, 0x89, 0xe5]);
        body(entered).raw(&[0x5d, 0xc3])
    }

    /// Machine code as it is.
    pub fn raw(mut self, bytes: &[u8]) -> Self {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Machine code that ends in a 32-bit displacement.
    pub fn disp(self, bytes: &[u8], disp: i32) -> Self {
        self.raw(bytes).raw(&disp.to_le_bytes())
    }

    /// The next instruction may trap.
    pub fn may_trap(mut self, code: TrapCode) -> Self {
        self.sites.push((self.bytes.len() as u32, Site::Trap(code)));
        self
    }

    /// The instruction before was a call.
    pub fn called(mut self) -> Self {
        self.sites.push((self.bytes.len() as u32 - 1, Site::Call));
        self
    }

    /// Exceptions out of the call before go to the next [`Code::landing`]; the
    /// stack pointer is `frame` bytes below the frame pointer.
    pub fn guarded(mut self, frame: u32) -> Self {
        let key = self.bytes.len() as u32 - 1;
        self.handlers.push(Handler {
            key: CodeOffset::new(key),
            handler: CodeOffset::new(0),
            frame,
        });
        self
    }

    /// Where the guarded calls before go on.
    pub fn landing(mut self) -> Self {
        let here = self.bytes.len() as u32;
        self.handlers
            .iter_mut()
            .filter(|h| h.handler == CodeOffset::new(0))
            .for_each(|h| h.handler = CodeOffset::new(here));
        self
    }

    /// Calls the function whose record is at this context offset, parameters
    /// as they are.
    pub fn call_own(self, record: i32) -> Self {
        self.disp(&[0xff, 0x97], record + abi::FUNCREF_CODE).called() // call [rdi + record]
    }

    /// `call` of the code at `offset` from this function's start.
    pub fn call_relative(self, offset: i32) -> Self {
        let next = self.bytes.len() as i32 + 5;
        self.disp(&[0xe8], offset - next).called()
    }

    /// Calls through the import slot at this context offset, parameters as
    /// they are.
    pub fn call_import(self, slot: i32) -> Self {
        self.disp(&[0x48, 0x8b, 0x87], slot + abi::IMPORT_CODE) // mov rax, [rdi + slot]
            .disp(&[0x48, 0x8b, 0xbf], slot + abi::IMPORT_CONTEXT) // mov rdi, [rdi + slot + 8]
            .raw(&[0xff, 0xd0]) // call rax
            .called()
    }

    /// Calls a builtin, arguments as they are.
    pub fn call_builtin(self, builtin: Builtin) -> Self {
        self.disp(&[0x48, 0x8b, 0x87], abi::CTX_BUILTINS) // mov rax, [rdi + builtins]
            .disp(&[0xff, 0x90], builtin.offset()) // call [rax + offset]
            .called()
    }

    /// Reads eight bytes at a context offset into `rax`.
    pub fn load_context(self, offset: i32) -> Self {
        self.disp(&[0x48, 0x8b, 0x87], offset) // mov rax, [rdi + offset]
    }
}

/// `a + b`.
pub fn add() -> Code {
    Code::framed(|c| c.raw(&[0x8d, 0x04, 0x16])) // lea eax, [rsi + rdx]
}

/// The `i32` at an address of memory 0.
pub fn load() -> Code {
    Code::framed(|c| {
        c.may_trap(TrapCode::MemoryOutOfBounds).raw(&[0x8b, 0x04, 0x37]) // mov eax, [rdi + rsi]
    })
}

/// Stores the second parameter at the first.
pub fn store() -> Code {
    Code::framed(|c| {
        c.may_trap(TrapCode::MemoryOutOfBounds).raw(&[0x89, 0x14, 0x37]) // mov [rdi + rsi], edx
    })
}

/// Traps with any code.
pub fn trap(code: TrapCode) -> Code {
    Code::framed(|c| c.may_trap(code).raw(&[0x0f, 0x0b])) // ud2
}

/// `a / b`, signed.
pub fn divide() -> Code {
    Code::framed(|c| {
        c.raw(&[0x89, 0xd1, 0x89, 0xf0, 0x99]) // mov ecx, edx; mov eax, esi; cdq
            .may_trap(TrapCode::IntegerDivisionByZero)
            .raw(&[0xf7, 0xf9]) // idiv ecx
    })
}

/// Runs for ever.
pub fn spin() -> Code {
    Code::framed(|c| c.raw(&[0xeb, 0xfe])) // jmp $
}

/// Calls itself for ever.
pub fn recurse() -> Code {
    Code::framed(|c| c.call_relative(0))
}

/// The function in element `rsi` of the public table at a context offset,
/// called with the parameters moved down by one. Null traps, and so does an
/// index beyond the end.
pub fn call_table(table: i32) -> Code {
    Code::framed(|c| {
        c.disp(&[0x48, 0x3b, 0xb7], table + abi::DEFINITION_LENGTH) // cmp rsi, [rdi + length]
            .raw(&[0x72, 0x02]) // jb over the trap
            .may_trap(TrapCode::TableOutOfBounds)
            .raw(&[0x0f, 0x0b]) // ud2
            .load_context(table + abi::DEFINITION_BASE)
            .raw(&[0x48, 0x8b, 0x04, 0xf0]) // mov rax, [rax + 8 * rsi]
            .raw(&[0x48, 0x85, 0xc0, 0x75, 0x02]) // test rax, rax; jne over the trap
            .may_trap(TrapCode::IndirectCallToNull)
            .raw(&[0x0f, 0x0b]) // ud2
            .raw(&[0x48, 0x89, 0xd6, 0x48, 0x89, 0xca]) // mov rsi, rdx; mov rdx, rcx
            .raw(&[0x48, 0x8b, 0x78, abi::FUNCREF_CONTEXT as u8]) // mov rdi, [rax + 8]
            .raw(&[0xff, 0x10]) // call [rax]
            .called()
    })
}

/// The entry stub for `params` integer parameters and `results` results.
pub fn entry_stub(params: usize, results: usize) -> Code {
    const LOADS: [&[u8]; 3] = [
        &[0x48, 0x8b, 0x33],       // mov rsi, [rbx]
        &[0x48, 0x8b, 0x53, 0x10], // mov rdx, [rbx + 16]
        &[0x48, 0x8b, 0x4b, 0x20], // mov rcx, [rbx + 32]
    ];
    Code::framed(|mut c| {
        c = c.raw(&[0x53, 0x53]); // push rbx; push rbx
        c = c.raw(&[0x48, 0x89, 0xd3, 0x48, 0x89, 0xf0]); // mov rbx, rdx; mov rax, rsi
        c = LOADS[..params].iter().fold(c, |c, load| c.raw(load));
        c = c.raw(&[0xff, 0xd0]); // call rax
        if results != 0 {
            c = c.raw(&[0x48, 0x89, 0x03]); // mov [rbx], rax
        }
        c.raw(&[0x5b, 0x5b]) // pop rbx; pop rbx
    })
}

/// The host-call stub for `params` integer parameters and `results` results.
pub fn host_stub(params: usize, results: usize) -> Code {
    const STORES: [&[u8]; 3] = [
        &[0x48, 0x89, 0x34, 0x24],       // mov [rsp], rsi
        &[0x48, 0x89, 0x54, 0x24, 0x10], // mov [rsp + 16], rdx
        &[0x48, 0x89, 0x4c, 0x24, 0x20], // mov [rsp + 32], rcx
    ];
    Code::framed(|mut c| {
        c = c.raw(&[0x48, 0x83, 0xec, 0x30]); // sub rsp, 48
        c = STORES[..params].iter().fold(c, |c, store| c.raw(store));
        c = c.raw(&[0x48, 0x89, 0xe6]); // mov rsi, rsp
        c = c.disp(&[0x48, 0x8b, 0x87], abi::CTX_BUILTINS); // mov rax, [rdi + builtins]
        c = c.disp(&[0xff, 0x90], Builtin::HostCall.offset()); // call [rax + offset]
        if results != 0 {
            c = c.raw(&[0x48, 0x8b, 0x04, 0x24]); // mov rax, [rsp]
        }
        c.raw(&[0x48, 0x89, 0xec]) // mov rsp, rbp
    })
}
