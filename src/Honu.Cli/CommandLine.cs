using System.Text;

namespace Honu.Cli;

/// <summary>The arguments as the system has them: the runtime replaces bytes that are no UTF-8, and two keys would become one.</summary>
internal static class CommandLine
{
    /// <summary>Whether an argument holds bytes that are no UTF-8. Told on Linux only.</summary>
    public static bool IsDamaged()
    {
        try
        {
            new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetCharCount(File.ReadAllBytes("/proc/self/cmdline"));
            return false;
        }
        catch (DecoderFallbackException)
        {
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // No such file on this system: nothing can be told.
            return false;
        }
    }
}
