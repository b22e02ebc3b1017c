//! A tree-walking interpreter of a small language, with enums, boxes and scopes.
use std::rc::Rc;

enum Expr {
    Number(i64),
    Local(usize),
    Add(Rc<Expr>, Rc<Expr>),
    Sub(Rc<Expr>, Rc<Expr>),
    Less(Rc<Expr>, Rc<Expr>),
    If(Rc<Expr>, Rc<Expr>, Rc<Expr>),
    Call(usize, Vec<Rc<Expr>>),
}

#[derive(Clone, Debug)]
enum Value {
    Int(i64),
    Bool(bool),
}

struct Machine { functions: Vec<Rc<Expr>>, calls: u64 }

impl Machine {
    fn int(&mut self, e: &Expr, scope: &[Value]) -> Result<i64, String> {
        match self.eval(e, scope)? {
            Value::Int(n) => Ok(n),
            other => Err(format!("a number expected, got {other:?}")),
        }
    }
    fn eval(&mut self, e: &Expr, scope: &[Value]) -> Result<Value, String> {
        Ok(match e {
            Expr::Number(n) => Value::Int(*n),
            Expr::Local(at) => scope.get(*at).cloned().ok_or("no such local")?,
            Expr::Add(a, b) => Value::Int(self.int(a, scope)?.wrapping_add(self.int(b, scope)?)),
            Expr::Sub(a, b) => Value::Int(self.int(a, scope)?.wrapping_sub(self.int(b, scope)?)),
            Expr::Less(a, b) => Value::Bool(self.int(a, scope)? < self.int(b, scope)?),
            Expr::If(c, t, f) => match self.eval(c, scope)? {
                Value::Bool(true) => self.eval(t, scope)?,
                Value::Bool(false) => self.eval(f, scope)?,
                other => return Err(format!("a condition expected, got {other:?}")),
            },
            Expr::Call(function, args) => {
                self.calls += 1;
                let scope = args.iter().map(|arg| self.eval(arg, scope)).collect::<Result<Vec<_>, _>>()?;
                let body = self.functions[*function].clone();
                self.eval(&body, &scope)?
            }
        })
    }
}

fn main() {
    let n = |n| Rc::new(Expr::Number(n));
    let x = |at| Rc::new(Expr::Local(at));
    let call = |f, a, k| Rc::new(Expr::Call(f, vec![Rc::new(Expr::Sub(a, n(k)))]));
    let fib = Rc::new(Expr::If(
        Rc::new(Expr::Less(x(0), n(2))),
        x(0),
        Rc::new(Expr::Add(call(0, x(0), 1), call(0, x(0), 2))),
    ));
    let mut machine = Machine { functions: vec![fib], calls: 0 };
    let result = machine.eval(&Expr::Call(0, vec![n(29)]), &[]);
    println!("{result:?} {}", machine.calls);
}
