namespace Honu.Hosting;

/// <summary>An object that was written or deleted, as a server tells it.</summary>
/// <param name="Object">Its record after that.</param>
/// <param name="IsLocal">Whether the server's store wrote it; otherwise it came by replication.</param>
/// <param name="IsCatchUp">Whether it was read from the store instead of as it happened: versions before it may have been passed over.</param>
/// <param name="StartsOver">Whether the server begins again with everything that its store holds, because the store may have lost changes that the token covers: build anew what was derived from earlier ones.</param>
/// <param name="Token">A watch that begins with it delivers everything after this change. Only the last change of a message has one; until then the token before it counts.</param>
public sealed record StoreChange(StoreObject Object, bool IsLocal, bool IsCatchUp, bool StartsOver, string? Token);
