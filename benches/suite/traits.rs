//! Iterators, closures and trait objects over a small scene of rays and spheres.
#[derive(Clone, Copy)]
struct V(f64, f64, f64);
impl std::ops::Add for V { type Output = V; fn add(self, o: V) -> V { V(self.0 + o.0, self.1 + o.1, self.2 + o.2) } }
impl std::ops::Sub for V { type Output = V; fn sub(self, o: V) -> V { V(self.0 - o.0, self.1 - o.1, self.2 - o.2) } }
impl std::ops::Mul<f64> for V { type Output = V; fn mul(self, k: f64) -> V { V(self.0 * k, self.1 * k, self.2 * k) } }
impl V {
    fn dot(self, o: V) -> f64 { self.0 * o.0 + self.1 * o.1 + self.2 * o.2 }
    fn unit(self) -> V { self * (1.0 / self.dot(self).sqrt()) }
}

trait Solid {
    fn hit(&self, from: V, to: V) -> Option<f64>;
    fn normal(&self, at: V) -> V;
    fn shine(&self) -> f64;
}
struct Sphere { at: V, r: f64, shine: f64 }
struct Floor { y: f64 }
impl Solid for Sphere {
    fn hit(&self, from: V, to: V) -> Option<f64> {
        let l = self.at - from;
        let t = l.dot(to);
        let d = self.r * self.r - (l.dot(l) - t * t);
        (d > 0.0).then(|| t - d.sqrt()).filter(|t| *t > 1e-6)
    }
    fn normal(&self, at: V) -> V { (at - self.at).unit() }
    fn shine(&self) -> f64 { self.shine }
}
impl Solid for Floor {
    fn hit(&self, from: V, to: V) -> Option<f64> { Some((self.y - from.1) / to.1).filter(|t| *t > 1e-6 && t.is_finite()) }
    fn normal(&self, _: V) -> V { V(0.0, 1.0, 0.0) }
    fn shine(&self) -> f64 { 0.2 }
}

fn trace(scene: &[Box<dyn Solid>], from: V, to: V, depth: u32) -> f64 {
    let near = scene.iter().filter_map(|s| s.hit(from, to).map(|t| (t, s))).min_by(|a, b| a.0.total_cmp(&b.0));
    let Some((t, solid)) = near else { return 0.3 + 0.2 * to.1 };
    let at = from + to * t;
    let n = solid.normal(at);
    let light = n.dot(V(0.5, 0.7, -0.5)).max(0.0);
    if depth == 0 { return light; }
    light * (1.0 - solid.shine()) + solid.shine() * trace(scene, at, to - n * (2.0 * n.dot(to)), depth - 1)
}

fn main() {
    let mut scene: Vec<Box<dyn Solid>> = vec![Box::new(Floor { y: -1.0 })];
    for i in 0..12 {
        let a = i as f64 * 0.55;
        scene.push(Box::new(Sphere { at: V(a.cos() * 2.0, (i % 3) as f64 * 0.4, 5.0 + a.sin() * 2.0), r: 0.6, shine: 0.1 * (i % 8) as f64 }));
    }
    let (w, h) = (1200, 900);
    let sum: f64 = (0..w * h).map(|p| {
        let to = V((p % w) as f64 / w as f64 - 0.5, 0.5 - (p / w) as f64 / h as f64, 1.0).unit();
        trace(&scene, V(0.0, 0.0, -1.0), to, 4)
    }).sum();
    println!("{sum:.2}");
}
