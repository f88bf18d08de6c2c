Console.WriteLine("honu");
