# Objects, blocks, hashes, strings and garbage, as scripts have them.
Point = Struct.new(:x, :y) do
  def +(other) = Point.new(x + other.x, y + other.y)
end

def primes(limit)
  sieve = Array.new(limit + 1, true)
  (2..Integer.sqrt(limit)).each do |n|
    (n * n).step(limit, n) { |multiple| sieve[multiple] = false } if sieve[n]
  end
  (2..limit).select { |n| sieve[n] }
end

def ackermann(m, n)
  return n + 1 if m.zero?
  return ackermann(m - 1, 1) if n.zero?

  ackermann(m - 1, ackermann(m, n - 1))
end

puts primes(300_000).last
puts (1..200_000).map { |n| Point.new(n, -n) }.reduce(:+).inspect
puts ackermann(2, 300)

words = Hash.new(0)
text = "the quick brown fox jumps over the lazy dog and runs away "
(text * 2000).scan(/\w+/) { |word| words[word.to_sym] += 1 }
puts words.sort_by { |word, count| [-count, word] }.first(3).inspect

lines = (1..30_000).map { |n| format("%05d;%s;%.3f", n, n.to_s(16).reverse, Math.sqrt(n)) }
puts lines.map { |line| line.split(";")[2].to_f }.sum.round(3)
puts lines.join("\n").gsub(/[a-f]+/) { |match| match.upcase }.hash.is_a?(Integer)

# Nobody ends the interpreter.
$stdout.flush
