using Google.Protobuf.Reflection;

namespace Honu.Grpc;

/// <summary>Which file declares what.</summary>
internal sealed class SymbolIndex
{
    private readonly Dictionary<string, FileDescriptor> _files = new(StringComparer.Ordinal);
    private readonly Dictionary<string, IDescriptor> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Type, int Number), FileDescriptor> _extensions = [];

    public SymbolIndex(IEnumerable<FileDescriptor> roots)
    {
        foreach (var file in WithImports(roots))
        {
            _files[file.Name] = file;
            Add(file.MessageTypes, AddMessage);
            Add(file.EnumTypes, static _ => { });
            Add(file.Services, service => Add(service.Methods, static _ => { }));
            Add(file.Extensions.UnorderedExtensions, AddExtension);
        }
    }

    public FileDescriptor? FileNamed(string name) => _files.GetValueOrDefault(name);

    public FileDescriptor? FileOf(string symbol) => _symbols.GetValueOrDefault(symbol)?.File;

    public FileDescriptor? FileOf(string type, int extension) => _extensions.GetValueOrDefault((type, extension));

    public bool IsMessage(string symbol) => _symbols.GetValueOrDefault(symbol) is MessageDescriptor;

    public IEnumerable<int> ExtensionsOf(string type) => _extensions.Keys.Where(key => key.Type == type).Select(static key => key.Number).Order();

    /// <summary>The files and all that they import, each once, the files themselves first.</summary>
    public static List<FileDescriptor> WithImports(IEnumerable<FileDescriptor> files)
    {
        List<FileDescriptor> all = [.. files.Distinct()];
        for (var i = 0; i < all.Count; i++)
            all.AddRange(all[i].Dependencies.Except(all).ToList());
        return all;
    }

    private void AddMessage(MessageDescriptor message)
    {
        Add(message.NestedTypes, AddMessage);
        Add(message.EnumTypes, static _ => { });
        Add(message.Fields.InDeclarationOrder(), static _ => { });
        Add(message.Oneofs, static _ => { });
        Add(message.Extensions.UnorderedExtensions, AddExtension);
    }

    private void AddExtension(FieldDescriptor extension) => _extensions[(extension.ExtendeeType.FullName, extension.FieldNumber)] = extension.File;

    private void Add<T>(IEnumerable<T> symbols, Action<T> addChildren)
        where T : IDescriptor
    {
        foreach (var symbol in symbols)
        {
            _symbols[symbol.FullName] = symbol;
            addChildren(symbol);
        }
    }
}
