namespace Honu.Architecture.Tests;

#pragma warning disable CA1052, CA1815, CA1051, CA1819, CA1034, MA0041, MA0053, MA0095, CA1822 // samples of shapes, not a library
public sealed class PublicApiPrinterTests
{
    private const string Here = "Honu.Architecture.Tests.PublicApiPrinterTests.";

    public sealed record Settings
    {
        public required string Name { get; init; }
        public TimeSpan? Pause { get; init; }
    }

    public class Shapes<T> : IDisposable where T : class
    {
        protected internal Shapes(string? label = null) => Label = label;
        public string? Label { get; private set; }
        public const int Limit = 3;
        public bool TryGet(ReadOnlySpan<byte> key, out T? value, params string[] rest) { value = null; return key.Length == rest.Length; }
        public ref readonly int First(in int x) => ref x;
        public virtual IReadOnlyList<string?> List<TItem>(TItem item) where TItem : struct, IComparable => [item.ToString()];
        public override string ToString() => "";
        internal void Hidden() { }
        public void Dispose() => GC.SuppressFinalize(this);
    }

    public readonly ref struct View { public int Length => 0; }

    public enum Kind : byte { None = 0, Some = 2 }

    [Fact]
    public void Print_Record_HasRequiredAndInitButNothingThatTheCompilerMade()
    {
        AssertPrints(typeof(Settings),
            $"{Here}Settings.Pause.get -> System.TimeSpan?",
            $"{Here}Settings.Pause.init -> void",
            $"{Here}Settings.Settings() -> void",
            $"required {Here}Settings.Name.get -> string",
            $"required {Here}Settings.Name.init -> void",
            $"sealed record {Here}Settings : System.IEquatable<{Here}Settings>");
    }

    [Fact]
    public void Print_Class_ShowsNullabilityModifiersAndDefaults()
    {
        AssertPrints(typeof(Shapes<>),
            $"class {Here}Shapes<T> : System.IDisposable",
            $"const {Here}Shapes<T>.Limit = 3 -> int",
            $"override {Here}Shapes<T>.ToString() -> string",
            $"protected {Here}Shapes<T>.Shapes(string? label = default) -> void",
            $"virtual {Here}Shapes<T>.List<TItem : System.IComparable & System.ValueType>(TItem item) -> System.Collections.Generic.IReadOnlyList<string?>",
            $"{Here}Shapes<T>.Dispose() -> void",
            $"{Here}Shapes<T>.First(in int x) -> ref int",
            $"{Here}Shapes<T>.Label.get -> string?",
            $"{Here}Shapes<T>.TryGet(System.ReadOnlySpan<byte> key, out T value, params string[] rest) -> bool");
    }

    [Fact]
    public void Print_StructAndEnum_ShowKindAndValues()
    {
        AssertPrints(typeof(View), $"readonly ref struct {Here}View", $"{Here}View.Length.get -> int");
        AssertPrints(typeof(Kind), $"enum(byte) {Here}Kind", $"{Here}Kind.None = 0 -> {Here}Kind", $"{Here}Kind.Some = 2 -> {Here}Kind");
    }

    private static void AssertPrints(Type type, params string[] lines) =>
        Assert.Equal(string.Join('\n', lines.Order(StringComparer.Ordinal)), string.Join('\n', PublicApiPrinter.Print([type])));
}
