// Areas and visits of shapes: virtual calls of six classes in random order.
#include <cstdio>
#include <memory>
#include <vector>

struct Shape {
    virtual ~Shape() = default;
    virtual double area() const = 0;
    virtual int corners() const { return 0; }
    virtual void grow(double by) = 0;
};
struct Square : Shape {
    double side;
    explicit Square(double s) : side(s) {}
    double area() const override { return side * side; }
    int corners() const override { return 4; }
    void grow(double by) override { side += by; }
};
struct Rect : Square {
    double other;
    Rect(double a, double b) : Square(a), other(b) {}
    double area() const override { return side * other; }
};
struct Circle : Shape {
    double r;
    explicit Circle(double r) : r(r) {}
    double area() const override { return 3.14159 * r * r; }
    void grow(double by) override { r += by / 2; }
};
struct Triangle : Shape {
    double b, h;
    Triangle(double b, double h) : b(b), h(h) {}
    double area() const override { return b * h / 2; }
    int corners() const override { return 3; }
    void grow(double by) override { b += by; h += by; }
};

int main() {
    std::vector<std::unique_ptr<Shape>> shapes;
    unsigned seed = 9;
    for (int i = 0; i < 2000; i++) {
        seed = seed * 1664525 + 1013904223;
        double s = 1 + (seed >> 20) % 5;
        switch (seed >> 30) {
        case 0: shapes.push_back(std::make_unique<Square>(s)); break;
        case 1: shapes.push_back(std::make_unique<Rect>(s, s + 1)); break;
        case 2: shapes.push_back(std::make_unique<Circle>(s)); break;
        default: shapes.push_back(std::make_unique<Triangle>(s, 2)); break;
        }
    }
    double total = 0;
    long corners = 0;
    for (int round = 0; round < 20000; round++)
        for (auto &shape : shapes) {
            total += shape->area();
            corners += shape->corners();
            if (round % 1000 == 0) shape->grow(0.01);
        }
    std::printf("%.0f %ld\n", total, corners);
}
