# Where the grpc gem has its official test programs, and the arguments that all programs of this folder share.
module Official
  ROOT = File.join(Gem::Specification.find_by_name('grpc').gem_dir, 'src/ruby')

  def self.file(name)
    File.join(ROOT, name)
  end

  def self.arguments(names, flags: [])
    found = {}
    rest = ARGV.dup
    until rest.empty?
      name = rest.shift
      abort "unknown argument: #{name}" unless names.include?(name) || flags.include?(name)
      found[name] = flags.include?(name) || rest.shift
    end
    found
  end
end
