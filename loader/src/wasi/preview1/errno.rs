//! Error numbers (`typenames.witx`, `$errno`), and how the host's map to them.

use crate::wasi::host::error::HostError;
use rustix::io::Errno as Host;

macro_rules! errnos {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// A WASI error number; the discriminant is its value.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u16)]
        pub enum Errno {
            $(#[doc = concat!("`", $name, "`")] $variant),*
        }

        impl Errno {
            /// The name as the specification spells it, in lower case.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

// In the order of the specification: the position is the value.
errnos! {
    Success = "success", TooBig = "2big", Acces = "acces", Addrinuse = "addrinuse",
    Addrnotavail = "addrnotavail", Afnosupport = "afnosupport", Again = "again",
    Already = "already", Badf = "badf", Badmsg = "badmsg", Busy = "busy",
    Canceled = "canceled", Child = "child", Connaborted = "connaborted",
    Connrefused = "connrefused", Connreset = "connreset", Deadlk = "deadlk",
    Destaddrreq = "destaddrreq", Dom = "dom", Dquot = "dquot", Exist = "exist",
    Fault = "fault", Fbig = "fbig", Hostunreach = "hostunreach", Idrm = "idrm",
    Ilseq = "ilseq", Inprogress = "inprogress", Intr = "intr", Inval = "inval",
    Io = "io", Isconn = "isconn", Isdir = "isdir", Loop = "loop", Mfile = "mfile",
    Mlink = "mlink", Msgsize = "msgsize", Multihop = "multihop",
    Nametoolong = "nametoolong", Netdown = "netdown", Netreset = "netreset",
    Netunreach = "netunreach", Nfile = "nfile", Nobufs = "nobufs", Nodev = "nodev",
    Noent = "noent", Noexec = "noexec", Nolck = "nolck", Nolink = "nolink",
    Nomem = "nomem", Nomsg = "nomsg", Noprotoopt = "noprotoopt", Nospc = "nospc",
    Nosys = "nosys", Notconn = "notconn", Notdir = "notdir", Notempty = "notempty",
    Notrecoverable = "notrecoverable", Notsock = "notsock", Notsup = "notsup",
    Notty = "notty", Nxio = "nxio", Overflow = "overflow", Ownerdead = "ownerdead",
    Perm = "perm", Pipe = "pipe", Proto = "proto", Protonosupport = "protonosupport",
    Prototype = "prototype", Range = "range", Rofs = "rofs", Spipe = "spipe",
    Srch = "srch", Stale = "stale", Timedout = "timedout", Txtbsy = "txtbsy",
    Xdev = "xdev", Notcapable = "notcapable",
}

impl Errno {
    /// The value that the guest receives.
    pub fn raw(self) -> u16 {
        self as u16
    }
}

impl From<HostError> for Errno {
    /// A table: the kernel's numbers and their names here.
    fn from(error: HostError) -> Self {
        match error.errno() {
            Host::TOOBIG => Self::TooBig,
            Host::ACCESS => Self::Acces,
            Host::ADDRINUSE => Self::Addrinuse,
            Host::ADDRNOTAVAIL => Self::Addrnotavail,
            Host::AFNOSUPPORT => Self::Afnosupport,
            Host::AGAIN => Self::Again,
            Host::ALREADY => Self::Already,
            Host::BADF => Self::Badf,
            Host::BADMSG => Self::Badmsg,
            Host::BUSY => Self::Busy,
            Host::CANCELED => Self::Canceled,
            Host::CHILD => Self::Child,
            Host::CONNABORTED => Self::Connaborted,
            Host::CONNREFUSED => Self::Connrefused,
            Host::CONNRESET => Self::Connreset,
            Host::DEADLK => Self::Deadlk,
            Host::DESTADDRREQ => Self::Destaddrreq,
            Host::DOM => Self::Dom,
            Host::DQUOT => Self::Dquot,
            Host::EXIST => Self::Exist,
            Host::FAULT => Self::Fault,
            Host::FBIG => Self::Fbig,
            Host::HOSTUNREACH => Self::Hostunreach,
            Host::IDRM => Self::Idrm,
            Host::ILSEQ => Self::Ilseq,
            Host::INPROGRESS => Self::Inprogress,
            Host::INTR => Self::Intr,
            Host::INVAL => Self::Inval,
            Host::ISCONN => Self::Isconn,
            Host::ISDIR => Self::Isdir,
            Host::LOOP => Self::Loop,
            Host::MFILE => Self::Mfile,
            Host::MLINK => Self::Mlink,
            Host::MSGSIZE => Self::Msgsize,
            Host::MULTIHOP => Self::Multihop,
            Host::NAMETOOLONG => Self::Nametoolong,
            Host::NETDOWN => Self::Netdown,
            Host::NETRESET => Self::Netreset,
            Host::NETUNREACH => Self::Netunreach,
            Host::NFILE => Self::Nfile,
            Host::NOBUFS => Self::Nobufs,
            Host::NODEV => Self::Nodev,
            Host::NOENT => Self::Noent,
            Host::NOEXEC => Self::Noexec,
            Host::NOLCK => Self::Nolck,
            Host::NOLINK => Self::Nolink,
            Host::NOMEM => Self::Nomem,
            Host::NOMSG => Self::Nomsg,
            Host::NOPROTOOPT => Self::Noprotoopt,
            Host::NOSPC => Self::Nospc,
            Host::NOSYS => Self::Nosys,
            Host::NOTCONN => Self::Notconn,
            Host::NOTDIR => Self::Notdir,
            Host::NOTEMPTY => Self::Notempty,
            Host::NOTRECOVERABLE => Self::Notrecoverable,
            Host::NOTSOCK => Self::Notsock,
            Host::NOTSUP => Self::Notsup,
            Host::NOTTY => Self::Notty,
            Host::NXIO => Self::Nxio,
            Host::OVERFLOW => Self::Overflow,
            Host::OWNERDEAD => Self::Ownerdead,
            Host::PERM => Self::Perm,
            Host::PIPE => Self::Pipe,
            Host::PROTO => Self::Proto,
            Host::PROTONOSUPPORT => Self::Protonosupport,
            Host::PROTOTYPE => Self::Prototype,
            Host::RANGE => Self::Range,
            Host::ROFS => Self::Rofs,
            Host::SPIPE => Self::Spipe,
            Host::SRCH => Self::Srch,
            Host::STALE => Self::Stale,
            Host::TIMEDOUT => Self::Timedout,
            Host::TXTBSY => Self::Txtbsy,
            Host::XDEV => Self::Xdev,
            // What WASI has no name for is an input/output error.
            _ => Self::Io,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_the_specification() {
        // `wasi/api.h`, __WASI_ERRNO_*.
        for (errno, value, name) in [
            (Errno::Success, 0, "success"),
            (Errno::TooBig, 1, "2big"),
            (Errno::Badf, 8, "badf"),
            (Errno::Exist, 20, "exist"),
            (Errno::Ilseq, 25, "ilseq"),
            (Errno::Inval, 28, "inval"),
            (Errno::Loop, 32, "loop"),
            (Errno::Noent, 44, "noent"),
            (Errno::Notdir, 54, "notdir"),
            (Errno::Notsup, 58, "notsup"),
            (Errno::Perm, 63, "perm"),
            (Errno::Spipe, 70, "spipe"),
            (Errno::Notcapable, 76, "notcapable"),
        ] {
            assert_eq!((errno.raw(), errno.name()), (value, name));
        }
    }

    #[test]
    fn host_errors() {
        assert_eq!(Errno::from(HostError::from(Host::XDEV)), Errno::Xdev);
        assert_eq!(Errno::from(HostError::from(Host::NOTBLK)), Errno::Io);
        assert_eq!(Errno::from(HostError::ESCAPE), Errno::Perm);
    }
}
