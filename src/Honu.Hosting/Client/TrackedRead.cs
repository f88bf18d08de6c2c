namespace Honu.Hosting;

/// <summary>What a read through a server has found, with the token for it.</summary>
/// <param name="Object">The object; <see langword="null"/> when there is none or it is deleted.</param>
/// <param name="Token">What to show to the next server, so that it shows this or something later; empty when it was not asked for.</param>
public sealed record TrackedRead(StoreObject? Object, CausalToken Token);
