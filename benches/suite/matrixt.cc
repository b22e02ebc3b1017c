// Matrices by templates and small operators: what inlining has to undo.
#include <array>
#include <cstdio>

template <int N> struct Matrix {
    std::array<double, N * N> v{};
    double &operator()(int i, int j) { return v[i * N + j]; }
    double operator()(int i, int j) const { return v[i * N + j]; }
    friend Matrix operator*(const Matrix &a, const Matrix &b) {
        Matrix out;
        for (int i = 0; i < N; i++)
            for (int j = 0; j < N; j++)
                for (int k = 0; k < N; k++) out(i, j) += a(i, k) * b(k, j);
        return out;
    }
    friend Matrix operator+(const Matrix &a, const Matrix &b) {
        Matrix out;
        for (int i = 0; i < N * N; i++) out.v[i] = a.v[i] + b.v[i];
        return out;
    }
    Matrix scaled(double by) const {
        Matrix out = *this;
        for (double &x : out.v) x *= by;
        return out;
    }
};

int main() {
    Matrix<4> m, sum;
    for (int i = 0; i < 16; i++) m.v[i] = (i * 7 % 11) * 0.02;
    for (int i = 0; i < 12000000; i++) sum = (sum * m).scaled(0.5) + m;
    Matrix<24> big, total;
    for (int i = 0; i < 576; i++) big.v[i] = (i % 17) * 0.003;
    for (int i = 0; i < 30000; i++) total = (total * big).scaled(0.5) + big;
    std::printf("%.5f %.5f\n", sum(1, 2), total(3, 4));
}
