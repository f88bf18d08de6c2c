using System.Runtime.InteropServices;

namespace Honu.Engines;

/// <summary>An engine that keeps everything in memory, sorted: for caches, tests and simulation. Nothing survives its disposal.</summary>
/// <remarks>
/// A persistent treap: a write copies the path from the root, so every root ever published is an immutable snapshot, and snapshots
/// and iterators cost nothing to make. The priority of a node is a hash of its key, so equal contents have equal shape.
/// </remarks>
public sealed class MemoryEngine : IStorageEngine
{
    private Node? _root;
    private long _bytes;
    private volatile bool _disposed;

    /// <summary>An engine that begins with what a snapshot of another one holds; empty without one.</summary>
    public MemoryEngine(EngineSnapshot? contents = null) => _root = (contents as MemorySnapshot)?.Root;

    /// <summary>Opens a new, empty engine each time.</summary>
    public static IStorageEngineFactory Factory { get; } = new MemoryFactory();

    /// <inheritdoc/>
    public EngineValue Get(scoped ReadOnlySpan<byte> key, EngineSnapshot? snapshot = null)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var node = RootOf(snapshot);
        while (node is not null)
        {
            var order = key.SequenceCompareTo(node.Key);
            if (order == 0)
                return new EngineValue(node.Value);
            node = order < 0 ? node.Left : node.Right;
        }

        return default;
    }

    /// <inheritdoc/>
    public EngineBatch CreateBatch()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new MemoryBatch();
    }

    /// <inheritdoc/>
    public void Write(EngineBatch batch, bool sync)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        var root = _root;
        var operations = batch as MemoryBatch ?? throw new ArgumentException("The batch belongs to another engine.", nameof(batch));
        foreach (var (key, value) in operations.Operations)
        {
            if (value is null)
            {
                root = Remove(root, key);
            }
            else
            {
                root = Insert(root, new Node(key, value, Priority(key), null, null));
                _bytes += key.Length + value.Length;
            }
        }

        Volatile.Write(ref _root, root);
    }

    /// <inheritdoc/>
    public EngineIterator CreateIterator(EngineSnapshot? snapshot = null, bool verify = false)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new MemoryIterator(this, RootOf(snapshot));
    }

    /// <inheritdoc/>
    public EngineSnapshot CreateSnapshot()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return new MemorySnapshot(this, Volatile.Read(ref _root));
    }

    /// <summary>Nothing to do: nothing here survives power loss.</summary>
    public void Sync() => ObjectDisposedException.ThrowIf(_disposed, this);

    /// <summary>0: nothing is on disk.</summary>
    public long GetApproximateSize(ReadOnlySpan<byte> from, ReadOnlySpan<byte> to)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return 0;
    }

    /// <summary>Bytes of keys and values ever written; the garbage collector frees those that were replaced.</summary>
    public long GetMemoryBytes()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        return _bytes;
    }

    /// <summary>Nothing to do.</summary>
    public void Compact() => ObjectDisposedException.ThrowIf(_disposed, this);

    /// <inheritdoc/>
    public void Dispose() => _disposed = true;

    private Node? RootOf(EngineSnapshot? snapshot) =>
        snapshot is null ? Volatile.Read(ref _root)
        : snapshot is MemorySnapshot own && own.Engine == this ? own.Root
        : throw new ArgumentException("The snapshot belongs to another engine.", nameof(snapshot));

    private static uint Priority(ReadOnlySpan<byte> key)
    {
        var hash = 2166136261u;
        foreach (var b in key)
            hash = (hash ^ b) * 16777619u;
        hash ^= hash >> 15;
        hash *= 0x2c1b3c6du;
        hash ^= hash >> 12;
        hash *= 0x297a2d39u;
        return hash ^ (hash >> 15);
    }

    private static Node Insert(Node? root, Node added)
    {
        if (root is null)
            return added;
        var order = added.Key.AsSpan().SequenceCompareTo(root.Key);
        if (order == 0)
            return new Node(added.Key, added.Value, root.Priority, root.Left, root.Right);
        if (order < 0)
        {
            var left = Insert(root.Left, added);
            return left.Priority > root.Priority
                ? new Node(left.Key, left.Value, left.Priority, left.Left, root.With(left.Right, root.Right))
                : root.With(left, root.Right);
        }

        var right = Insert(root.Right, added);
        return right.Priority > root.Priority
            ? new Node(right.Key, right.Value, right.Priority, root.With(root.Left, right.Left), right.Right)
            : root.With(root.Left, right);
    }

    private static Node? Remove(Node? root, byte[] key)
    {
        if (root is null)
            return null;
        var order = key.AsSpan().SequenceCompareTo(root.Key);
        if (order == 0)
            return Merge(root.Left, root.Right);
        if (order < 0)
        {
            var left = Remove(root.Left, key);
            return ReferenceEquals(left, root.Left) ? root : root.With(left, root.Right);
        }

        var right = Remove(root.Right, key);
        return ReferenceEquals(right, root.Right) ? root : root.With(root.Left, right);
    }

    private static Node? Merge(Node? left, Node? right) =>
        left is null ? right
        : right is null ? left
        : left.Priority >= right.Priority ? left.With(left.Left, Merge(left.Right, right))
        : right.With(Merge(left, right.Left), right.Right);

    private sealed record Node(byte[] Key, byte[] Value, uint Priority, Node? Left, Node? Right)
    {
        public Node With(Node? left, Node? right) => new(Key, Value, Priority, left, right);
    }

    private sealed class MemoryFactory : IStorageEngineFactory
    {
        public bool UsesDirectory => false;

        public IStorageEngine Open(string path, HonuStoreOptions options) => new MemoryEngine();
    }

    private sealed class MemorySnapshot(MemoryEngine engine, Node? root) : EngineSnapshot
    {
        private volatile bool _disposed;

        public MemoryEngine Engine { get; } = engine;

        public Node? Root
        {
            get
            {
                ObjectDisposedException.ThrowIf(_disposed, typeof(EngineSnapshot));
                return root;
            }
        }

        public override void Dispose() => _disposed = true;
    }

    private sealed class MemoryBatch : EngineBatch
    {
        private readonly List<(byte[] Key, byte[]? Value)> _operations = [];

        private bool _disposed;

        public ReadOnlySpan<(byte[] Key, byte[]? Value)> Operations => CollectionsMarshal.AsSpan(Open);

        public override int Count => _operations.Count;

        public override void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) => Open.Add((key.ToArray(), value.ToArray()));

        public override void Delete(ReadOnlySpan<byte> key) => Open.Add((key.ToArray(), null));

        public override void Clear() => Open.Clear();

        public override void Dispose() => _disposed = true;

        private List<(byte[] Key, byte[]? Value)> Open
        {
            get
            {
                ObjectDisposedException.ThrowIf(_disposed, typeof(EngineBatch));
                return _operations;
            }
        }
    }

    /// <summary>Keeps the path from the root to the entry it stands on.</summary>
    private sealed class MemoryIterator(MemoryEngine engine, Node? root) : EngineIterator
    {
        private readonly Stack<Node> _path = new();
        private bool _disposed;

        public override bool IsValid => Path.Count > 0;

        public override ReadOnlySpan<byte> Key => Current.Key;

        public override ReadOnlySpan<byte> Value => Current.Value;

        private Stack<Node> Path
        {
            get
            {
                ObjectDisposedException.ThrowIf(_disposed, typeof(EngineIterator));
                ObjectDisposedException.ThrowIf(engine._disposed, engine);
                return _path;
            }
        }

        private Node Current => Path.TryPeek(out var node) ? node : throw new InvalidOperationException("The iterator does not stand on an entry. Seek first, and check IsValid.");

        public override void Seek(ReadOnlySpan<byte> key) => Descend(key, wantNotLess: true);

        public override void SeekBefore(ReadOnlySpan<byte> key) => Descend(key, wantNotLess: false);

        public override void Next()
        {
            var node = Current;
            if (node.Right is not null)
            {
                for (var down = node.Right; down is not null; down = down.Left)
                    _path.Push(down);
                return;
            }

            Node child;
            do
            {
                child = _path.Pop();
            }
            while (_path.Count > 0 && ReferenceEquals(_path.Peek().Right, child));
        }

        public override void Previous()
        {
            var node = Current;
            if (node.Left is not null)
            {
                for (var down = node.Left; down is not null; down = down.Right)
                    _path.Push(down);
                return;
            }

            Node child;
            do
            {
                child = _path.Pop();
            }
            while (_path.Count > 0 && ReferenceEquals(_path.Peek().Left, child));
        }

        public override void ThrowIfFailed() => _ = Path;

        public override void Dispose()
        {
            _disposed = true;
            _path.Clear();
        }

        private void Descend(ReadOnlySpan<byte> key, bool wantNotLess)
        {
            Path.Clear();
            var keep = 0;
            for (var node = root; node is not null;)
            {
                _path.Push(node);
                var less = node.Key.AsSpan().SequenceCompareTo(key) < 0;
                if (less != wantNotLess)
                    keep = _path.Count;
                node = less ? node.Right : node.Left;
            }

            while (_path.Count > keep)
                _path.Pop();
        }
    }
}
