//! Requests and answers, and their encoding: as the tables of artifacts, by
//! [`wire`](precast_artifact::wire). On a pipe each is preceded by its length
//! as a `u32`.

use super::component_value;
use precast_artifact::wire::{Reader, Result, Writer};
use precast_loader::TrapCode;
use precast_loader::component;
use std::io::{self, Read, Write};

/// What to do. Instances and definitions are named as in the script; without a
/// name the last one is meant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Request<'a> {
    /// Makes an instance of an artifact, which becomes the last.
    Module(Option<&'a str>, &'a [u8]),
    /// Keeps an artifact to make instances of.
    Define(Option<&'a str>, &'a [u8]),
    /// Makes an instance, by its name, of a definition.
    Make(Option<&'a str>, Option<&'a str>),
    /// Leaves requests without a name without an instance.
    Forget,
    /// Makes an instance of an artifact that nothing can speak of.
    Try(&'a [u8]),
    /// Lets later modules import from an instance, under a name.
    Register(&'a str, Option<&'a str>),
    /// Calls an export of an instance.
    Invoke(Option<&'a str>, &'a str, &'a [ScriptValue]),
    /// Reads an exported global of an instance.
    Get(Option<&'a str>, &'a str),
}

/// What came of it.
pub type Answer = std::result::Result<Vec<ScriptValue>, RequestFailure>;

/// A value, apart from any store.
#[derive(Clone, Debug, PartialEq)]
pub enum ScriptValue {
    /// `i32`.
    I32(i32),
    /// `i64`.
    I64(i64),
    /// Bits of an `f32`.
    F32(u32),
    /// Bits of an `f64`.
    F64(u64),
    /// `v128`, little-endian.
    V128(u128),
    /// A null reference.
    Null(Referent),
    /// A function.
    Func,
    /// An exception.
    Exception,
    /// A host reference, to a number if the script made it.
    Extern(Option<u32>),
    /// A value of a component.
    Component(component::Value),
}

/// What references refer to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referent {
    /// Functions.
    Func,
    /// What the host likes.
    Extern,
    /// Exceptions.
    Exn,
}

/// Why there is no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestFailure {
    /// What kind of failure.
    pub cause: Cause,
    /// The loader's message.
    pub message: String,
}

/// Kinds of failures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// It could not be tried: there is no such instance.
    NoInstance(Option<String>),
    /// It could not be tried: there is no such export, or no such definition.
    Untried,
    /// The guest trapped.
    Trap(TrapCode),
    /// The guest threw.
    Exception,
    /// Imports are not satisfied.
    Link(Vec<Problem>),
    /// Anything else.
    Other,
}

/// An import that is not satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The module that it names.
    pub module: String,
    /// Whether there is something of its name, of another type.
    pub found: bool,
}

impl RequestFailure {
    /// It could not be tried.
    pub fn untried(message: impl Into<String>) -> Self {
        Self { cause: Cause::Untried, message: message.into() }
    }
}

impl Request<'_> {
    /// As bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::new();
        match self {
            Self::Module(name, artifact) => {
                w.u8(0);
                self::name(&mut w, *name);
                w.bytes(artifact);
            }
            Self::Define(name, artifact) => {
                w.u8(1);
                self::name(&mut w, *name);
                w.bytes(artifact);
            }
            Self::Make(instance, definition) => {
                w.u8(2);
                name(&mut w, *instance);
                name(&mut w, *definition);
            }
            Self::Try(artifact) => {
                w.u8(3);
                w.bytes(artifact);
            }
            Self::Forget => w.u8(7),
            Self::Register(as_, instance) => {
                w.u8(4);
                w.str(as_);
                name(&mut w, *instance);
            }
            Self::Invoke(instance, export, args) => {
                w.u8(5);
                name(&mut w, *instance);
                w.str(export);
                w.list(args, value);
            }
            Self::Get(instance, export) => {
                w.u8(6);
                name(&mut w, *instance);
                w.str(export);
            }
        }
        w.finish()
    }

    /// Reads what [`Request::encode`] wrote and passes it on.
    ///
    /// # Errors
    ///
    /// The bytes are no request.
    pub fn decode<T>(bytes: &[u8], then: impl FnOnce(Request<'_>) -> T) -> Result<T> {
        let mut r = Reader::new("request", bytes);
        let args: Vec<ScriptValue>;
        let request = match r.u8()? {
            0 => Request::Module(read_name(&mut r)?, r.bytes()?),
            1 => Request::Define(read_name(&mut r)?, r.bytes()?),
            2 => Request::Make(read_name(&mut r)?, read_name(&mut r)?),
            3 => Request::Try(r.bytes()?),
            4 => Request::Register(r.str()?, read_name(&mut r)?),
            5 => {
                let (instance, export) = (read_name(&mut r)?, r.str()?);
                args = r.list(read_value)?;
                Request::Invoke(instance, export, &args)
            }
            6 => Request::Get(read_name(&mut r)?, r.str()?),
            7 => Request::Forget,
            other => return Err(r.error(format!("request {other}"))),
        };
        r.finish()?;
        Ok(then(request))
    }
}

fn name(w: &mut Writer, name: Option<&str>) {
    w.option(&name, |w, name| w.str(name));
}

fn read_name<'a>(r: &mut Reader<'a>) -> Result<Option<&'a str>> {
    Ok(if r.bool()? { Some(r.str()?) } else { None })
}

fn value(w: &mut Writer, value: &ScriptValue) {
    let (tag, bits) = match value {
        ScriptValue::I32(value) => (0, *value as u32 as u128),
        ScriptValue::I64(value) => (1, *value as u64 as u128),
        ScriptValue::F32(bits) => (2, (*bits).into()),
        ScriptValue::F64(bits) => (3, (*bits).into()),
        ScriptValue::V128(bits) => (4, *bits),
        ScriptValue::Null(kind) => (5, *kind as u128),
        ScriptValue::Func => (6, 0),
        ScriptValue::Exception => (7, 0),
        ScriptValue::Extern(None) => (8, 0),
        ScriptValue::Extern(Some(number)) => (9, (*number).into()),
        ScriptValue::Component(value) => {
            w.u8(10);
            return component_value::write(w, value);
        }
    };
    w.u8(tag);
    w.raw(&bits.to_le_bytes());
}

fn read_value(r: &mut Reader<'_>) -> Result<ScriptValue> {
    let tag = r.u8()?;
    if tag == 10 {
        return component_value::read(r).map(ScriptValue::Component);
    }
    let bits = u128::from_le_bytes(r.raw(16)?.try_into().expect("16 bytes"));
    Ok(match tag {
        0 => ScriptValue::I32(bits as i32),
        1 => ScriptValue::I64(bits as i64),
        2 => ScriptValue::F32(bits as u32),
        3 => ScriptValue::F64(bits as u64),
        4 => ScriptValue::V128(bits),
        5 => ScriptValue::Null(match bits {
            0 => Referent::Func,
            1 => Referent::Extern,
            _ => Referent::Exn,
        }),
        6 => ScriptValue::Func,
        7 => ScriptValue::Exception,
        8 => ScriptValue::Extern(None),
        9 => ScriptValue::Extern(Some(bits as u32)),
        other => return Err(r.error(format!("value {other}"))),
    })
}

/// An answer as bytes.
pub fn encode_answer(answer: &Answer) -> Vec<u8> {
    let mut w = Writer::new();
    match answer {
        Ok(values) => {
            w.u8(0);
            w.list(values, value);
        }
        Err(RequestFailure { cause, message }) => {
            match cause {
                Cause::Untried => w.u8(1),
                Cause::Trap(code) => {
                    w.u8(2);
                    w.u8(*code as u8);
                }
                Cause::Exception => w.u8(3),
                Cause::Link(problems) => {
                    w.u8(4);
                    w.list(problems, |w, problem| {
                        w.str(&problem.module);
                        w.u8(problem.found.into());
                    });
                }
                Cause::NoInstance(instance) => {
                    w.u8(5);
                    name(&mut w, instance.as_deref());
                }
                Cause::Other => w.u8(6),
            }
            w.str(message);
        }
    }
    w.finish()
}

/// Reads what [`encode_answer`] wrote.
///
/// # Errors
///
/// The bytes are no answer.
pub fn decode_answer(bytes: &[u8]) -> Result<Answer> {
    let mut r = Reader::new("answer", bytes);
    let kind = r.u8()?;
    if kind == 0 {
        return Ok(Ok(r.list(read_value)?));
    }
    let cause = match kind {
        1 => Cause::Untried,
        2 => {
            let code = TrapCode::from_u8(r.u8()?);
            Cause::Trap(code.ok_or_else(|| r.error("a trap code"))?)
        }
        3 => Cause::Exception,
        4 => {
            Cause::Link(r.list(|r| Ok(Problem { module: r.str()?.to_owned(), found: r.bool()? }))?)
        }
        5 => Cause::NoInstance(read_name(&mut r)?.map(str::to_owned)),
        _ => Cause::Other,
    };
    Ok(Err(RequestFailure { cause, message: r.str()?.to_owned() }))
}

/// Writes a request or an answer to a pipe.
///
/// # Errors
///
/// The pipe is closed.
pub fn send(out: &mut impl Write, bytes: &[u8]) -> io::Result<()> {
    out.write_all(&(bytes.len() as u32).to_le_bytes())?;
    out.write_all(bytes)?;
    out.flush()
}

/// Reads a request or an answer from a pipe; nothing at its end.
///
/// # Errors
///
/// The pipe ends inside of it.
pub fn receive(from: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 4];
    if from.read(&mut length[..1])? == 0 {
        return Ok(None);
    }
    from.read_exact(&mut length[1..])?;
    let mut bytes = vec![0; u32::from_le_bytes(length) as usize];
    from.read_exact(&mut bytes)?;
    Ok(Some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_come_back() {
        let component = component::Value::Option(Some(Box::new(component::Value::U8(7))));
        let args = [
            ScriptValue::I32(-1),
            ScriptValue::V128(u128::MAX),
            ScriptValue::Null(Referent::Exn),
            ScriptValue::Component(component),
        ];
        let requests = [
            Request::Module(Some("$m"), b"abc"),
            Request::Define(None, b""),
            Request::Make(None, Some("d")),
            Request::Try(b"x"),
            Request::Forget,
            Request::Register("a\n\t", None),
            Request::Invoke(Some("m"), "", &args),
            Request::Get(None, "g"),
        ];
        for request in requests {
            let bytes = request.encode();
            assert!(Request::decode(&bytes, |read| read == request).unwrap());
            assert!(Request::decode(&bytes[..bytes.len() - 1], |_| ()).is_err(), "cut short");
        }
    }

    #[test]
    fn answers_come_back() {
        let failure =
            |cause| -> Answer { Err(RequestFailure { cause, message: "why".to_owned() }) };
        let answers: [Answer; 7] = [
            Ok(vec![
                ScriptValue::F64(7),
                ScriptValue::Func,
                ScriptValue::Exception,
                ScriptValue::Extern(Some(3)),
            ]),
            failure(Cause::Untried),
            failure(Cause::Trap(TrapCode::StackOverflow)),
            failure(Cause::Exception),
            failure(Cause::Link(vec![Problem { module: "m".to_owned(), found: true }])),
            failure(Cause::NoInstance(Some("i".to_owned()))),
            failure(Cause::Other),
        ];
        for answer in answers {
            let mut pipe = Vec::new();
            send(&mut pipe, &encode_answer(&answer)).unwrap();
            let bytes = receive(&mut &pipe[..]).unwrap().unwrap();
            assert_eq!(decode_answer(&bytes).unwrap(), answer);
        }
        assert_eq!(receive(&mut &[][..]).unwrap(), None);
    }
}
