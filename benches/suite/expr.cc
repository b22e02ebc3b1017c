// A tree of expressions: parsed, differentiated, evaluated, by virtual functions.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

struct Node {
    virtual ~Node() = default;
    virtual double value(double x) const = 0;
    virtual Node *derive() const = 0;
    virtual Node *copy() const = 0;
};
struct Number : Node {
    double n;
    explicit Number(double n) : n(n) {}
    double value(double) const override { return n; }
    Node *derive() const override { return new Number(0); }
    Node *copy() const override { return new Number(n); }
};
struct X : Node {
    double value(double x) const override { return x; }
    Node *derive() const override { return new Number(1); }
    Node *copy() const override { return new X; }
};
struct Binary : Node {
    std::unique_ptr<Node> a, b;
    Binary(Node *a, Node *b) : a(a), b(b) {}
};
struct Sum : Binary {
    using Binary::Binary;
    double value(double x) const override { return a->value(x) + b->value(x); }
    Node *derive() const override { return new Sum(a->derive(), b->derive()); }
    Node *copy() const override { return new Sum(a->copy(), b->copy()); }
};
struct Product : Binary {
    using Binary::Binary;
    double value(double x) const override { return a->value(x) * b->value(x); }
    Node *derive() const override { return new Sum(new Product(a->derive(), b->copy()), new Product(a->copy(), b->derive())); }
    Node *copy() const override { return new Product(a->copy(), b->copy()); }
};

static const char *p;
static Node *sum();
static Node *atom() {
    if (*p == '(') { p++; Node *inner = sum(); p++; return inner; }
    if (*p == 'x') { p++; return new X; }
    double n = 0;
    while (*p >= '0' && *p <= '9') n = n * 10 + (*p++ - '0');
    return new Number(n);
}
static Node *product() {
    Node *left = atom();
    while (*p == '*') { p++; left = new Product(left, atom()); }
    return left;
}
static Node *sum() {
    Node *left = product();
    while (*p == '+') { p++; left = new Sum(left, product()); }
    return left;
}

int main() {
    std::string text = "(x*x*3+2*x+1)*(x*x+7)*(x+4)+x*(5*x*x*x+2)*(x+1)+12";
    double total = 0;
    for (int round = 0; round < 8000; round++) {
        p = text.c_str();
        std::unique_ptr<Node> tree(sum()), first(tree->derive()), second(first->derive());
        for (int i = 0; i < 40; i++) total += second->value(i * 0.01) + tree->value(i);
    }
    std::printf("%.3e\n", total);
}
